import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { GroupCommand } from '../../actors/group/contract.ts'
import type { GroupId, UserId } from '../../protocol/ids.ts'
import type { GroupRow, GroupStore } from '../../storage/group-store.ts'
import type { AccountStore } from '../../storage/store.ts'
import { hasRole } from '../auth/tokens.ts'
import type { Groups } from '../groups.ts'
import { sessionOf } from './authenticate.ts'
import { refuse, restEnvelope } from './envelope.ts'
import { groupDtos, memberDtos } from './group-dtos.ts'
import { groupReasons, sendReasons } from './group-reasons.ts'
import {
  addBody,
  createBody,
  groupData,
  groupParams,
  groupsData,
  memberParams,
  membersData,
  messageBody,
  muteGroupBody,
  muteMemberBody,
  operatorQuery,
  renameBody,
  roleBody,
  sentData,
  userQuery,
} from './group-schemas.ts'
import type { HttpReason } from './refusals.ts'
import type { ZodApp } from './validation.ts'

export interface GroupRoutes {
  readonly groups: Pick<Groups, 'create' | 'change' | 'send'>
  readonly groupStore: GroupStore
  readonly accounts: Pick<AccountStore, 'usernames'>
}

const { success } = restEnvelope

/** Groups, under /api/im/groups. Source: the STOMP and REST contract, "REST". */
export function addGroupRoutes(api: ZodApp, options: GroupRoutes): void {
  const routes = async (app: ZodApp) => {
    addReading(app, options)
    addFounding(app, options)
    addMembers(app, options)
    addMuting(app, options)
    addSpeaking(app, options)
  }
  api.register(routes, { prefix: '/im/groups' })
}

function addReading(app: ZodApp, { groupStore, accounts }: GroupRoutes): void {
  const lists = {
    created: { list: groupStore.createdBy, summary: 'Groups that a user owns' },
    joined: { list: groupStore.joinedBy, summary: 'Groups that a user is in' },
  }
  for (const [name, { list, summary }] of Object.entries(lists)) {
    app.get(
      `/${name}`,
      { schema: { querystring: userQuery }, config: { summary, data: groupsData } },
      async (request, reply) => {
        const user = actingUser(request, request.query.userId)
        if (user === undefined) return refuse(reply, restEnvelope, 'group_no_permission')
        return success(await groupDtos(await list.call(groupStore, user), accounts))
      },
    )
  }

  app.get(
    '/:id',
    { schema: { params: groupParams }, config: { summary: 'A group', data: groupData } },
    async (request, reply) => {
      const group = await groupStore.find(request.params.id)
      if (!group || group.dissolved) return refuseGone(reply, group)
      const [dto] = await groupDtos([group], accounts)
      return success(dto)
    },
  )

  app.get(
    '/:id/members',
    { schema: { params: groupParams }, config: { summary: 'Its members, for members', data: membersData } },
    async (request, reply) => {
      const { id } = request.params
      const group = await groupStore.find(id)
      if (!group || group.dissolved) return refuseGone(reply, group)
      const members = await groupStore.members(id)
      const { user } = sessionOf(request)
      if (!members.some(member => member.user === user) && !hasRole(sessionOf(request), 'admin'))
        return refuse(reply, restEnvelope, 'group_not_member')
      return success(await memberDtos(id, members, accounts, Date.now()))
    },
  )

  app.get(
    '/:id/members/:userId/exists',
    {
      schema: { params: memberParams },
      config: { summary: 'Whether somebody is a member', data: z.boolean() },
    },
    async (request, reply) => {
      const { id, userId } = request.params
      const group = await groupStore.find(id)
      if (!group || group.dissolved) return refuseGone(reply, group)
      const { user } = sessionOf(request)
      const allowed =
        user === userId || hasRole(sessionOf(request), 'admin') || (await isIn(groupStore, id, user))
      if (!allowed) return refuse(reply, restEnvelope, 'group_not_member')
      return success(await isIn(groupStore, id, userId))
    },
  )
}

function addFounding(app: ZodApp, options: GroupRoutes): void {
  app.post(
    '/',
    {
      schema: { body: createBody },
      config: { summary: 'Founds a group; the owner is in, and whom the owner names', data: groupData },
    },
    async (request, reply) => {
      const { groupName, ownerId, memberIds, entryPolicy } = request.body
      const owner = actingUser(request, ownerId)
      if (owner === undefined) return refuse(reply, restEnvelope, 'group_no_permission')
      const policy = entryPolicy === 'APPROVAL' ? 'approval' : 'invited'
      const { group, outcome } = await options.groups.create(owner, groupName, policy, memberIds)
      if (!outcome.ok) return refuse(reply, restEnvelope, groupReasons[outcome.reason])
      return answerGroup(group, options)
    },
  )

  app.put(
    '/:id',
    {
      schema: { params: groupParams, body: renameBody },
      config: { summary: 'Renames it, for owner and admins', data: groupData },
    },
    async (request, reply) => {
      const { operatorId, groupName } = request.body
      const { id } = request.params
      const refused = await change(request, options, operatorId, { do: 'rename', name: groupName })
      return refused ? refuse(reply, restEnvelope, refused) : answerGroup(id, options)
    },
  )

  const schema = { params: groupParams, querystring: operatorQuery }
  app.delete(
    '/:id',
    { schema, config: { summary: 'Dissolves it, for its owner' } },
    async (request, reply) => {
      const { operatorId } = request.query
      const refused = await change(request, options, operatorId, { do: 'dissolve' })
      return refused ? refuse(reply, restEnvelope, refused) : success()
    },
  )
}

function addMembers(app: ZodApp, options: GroupRoutes): void {
  app.post(
    '/:id/members',
    {
      schema: { params: groupParams, body: addBody },
      config: { summary: 'Adds members, for owner and admins' },
    },
    async (request, reply) => {
      const { operatorId, memberIds } = request.body
      const refused = await change(request, options, operatorId, { do: 'add', users: memberIds })
      return refused ? refuse(reply, restEnvelope, refused) : success()
    },
  )

  const schema = { params: memberParams, querystring: operatorQuery }
  app.delete(
    '/:id/members/:userId',
    { schema, config: { summary: 'Removes a member, for owner and admins; oneself: leaves' } },
    async (request, reply) => {
      const user = request.params.userId
      const { operatorId } = request.query
      const refused = await change(request, options, operatorId, { do: 'remove', user })
      return refused ? refuse(reply, restEnvelope, refused) : success()
    },
  )

  const roleSchema = { params: memberParams, body: roleBody }
  app.put(
    '/:id/members/:userId/role',
    { schema: roleSchema, config: { summary: 'Appoints an admin, or no longer, for its owner' } },
    async (request, reply) => {
      const user = request.params.userId
      const role = request.body.role === 'ADMIN' ? 'admin' : 'member'
      const command = { do: 'role', user, role } as const
      const refused = await change(request, options, request.body.operatorId, command)
      return refused ? refuse(reply, restEnvelope, refused) : success()
    },
  )
}

function addMuting(app: ZodApp, options: GroupRoutes): void {
  const schema = { params: memberParams, body: muteMemberBody }
  app.put(
    '/:id/members/:userId/mute',
    { schema, config: { summary: 'Mutes a member for a time, for owner and admins; 0 ends it' } },
    async (request, reply) => {
      const { operatorId, seconds } = request.body
      const command = { do: 'mute-member', user: request.params.userId, seconds } as const
      const refused = await change(request, options, operatorId, command)
      return refused ? refuse(reply, restEnvelope, refused) : success()
    },
  )

  app.put(
    '/:id/mute',
    {
      schema: { params: groupParams, body: muteGroupBody },
      config: { summary: 'Mutes all but owner and admins, or no longer' },
    },
    async (request, reply) => {
      const { operatorId, muted } = request.body
      const refused = await change(request, options, operatorId, { do: 'mute-group', muted })
      return refused ? refuse(reply, restEnvelope, refused) : success()
    },
  )
}

function addSpeaking(app: ZodApp, { groups, groupStore }: GroupRoutes): void {
  app.post(
    '/:id/messages',
    {
      schema: { params: groupParams, body: messageBody },
      config: { summary: 'Says something; answered once it is saved', data: sentData },
    },
    async (request, reply) => {
      const { senderId, content, messageType: msgType, msgId } = request.body
      const { id: group } = request.params
      const from = actingUser(request, senderId)
      if (from === undefined) return refuse(reply, restEnvelope, 'group_no_permission')
      const body = content.toWellFormed()
      const sent = await groups.send(from, { op: 'send', group, clientMsgId: msgId, body, msgType })
      if (sent && 'seq' in sent)
        return success({ msgId, serverMsgId: String(sent.seq), groupId: group, createTime: sent.ts })
      const reason = sent?.reason ?? 'server_busy'
      if (reason !== 'not_group_member') return refuse(reply, restEnvelope, sendReasons(reason))
      const row = await groupStore.find(group)
      return !row || row.dissolved ? refuseGone(reply, row) : refuse(reply, restEnvelope, 'group_not_member')
    },
  )
}

/**
 * Has the group's actor make a change in the name of the acting user; undefined when it is made. A reply is no answer
 * of an async function: it would be awaited until it is sent.
 */
async function change(
  request: FastifyRequest,
  { groups, groupStore }: GroupRoutes,
  operatorId: UserId | undefined,
  command: GroupCommand,
): Promise<HttpReason | undefined> {
  const by = actingUser(request, operatorId)
  if (by === undefined) return 'group_no_permission'
  const { id } = request.params as { id: GroupId }
  // An actor would claim whatever name it is given, and claims stay.
  if (!(await groupStore.find(id))) return 'group_not_found'
  const outcome = await groups.change(id, by, command)
  return outcome.ok ? undefined : groupReasons[outcome.reason]
}

async function answerGroup(group: GroupId, { groupStore, accounts }: GroupRoutes): Promise<object> {
  const row = await groupStore.find(group)
  const [dto] = await groupDtos(row ? [row] : [], accounts)
  return success(dto)
}

/** The token's user; an admin may act for another by naming the id. Undefined for anybody else who does. */
function actingUser(request: FastifyRequest, named: UserId | undefined): UserId | undefined {
  const session = sessionOf(request)
  if (named === undefined || named === session.user) return session.user
  return hasRole(session, 'admin') ? named : undefined
}

const refuseGone = (reply: FastifyReply, group: GroupRow | undefined): FastifyReply =>
  refuse(reply, restEnvelope, group ? 'group_dissolved' : 'group_not_found')

const isIn = async (store: GroupStore, group: GroupId, user: UserId): Promise<boolean> =>
  (await store.spans(group, user)).some(({ to }) => to === undefined)
