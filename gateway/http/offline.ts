import type { FastifyReply } from 'fastify'
import type { Acknowledgement, AcknowledgeResult, OfflineMessages } from '../../actors/user/contract.ts'
import type { UserId } from '../../protocol/ids.ts'
import type { OfflineSummary } from '../../protocol/offline.ts'
import { toSummaryDto } from '../stomp/bodies.ts'
import { sessionOf } from './authenticate.ts'
import { answerIn, refuse } from './envelope.ts'
import { offlineEnvelope, refusalOf } from './offline-rules.ts'
import {
  ackBody,
  conversationParams,
  messagesData,
  messagesQuery,
  resetQuery,
  summaryData,
  userQuery,
} from './offline-schemas.ts'
import { addUnreadRoutes, type UnreadRoutes } from './unread.ts'
import type { ZodApp } from './validation.ts'

/** What the user's actor is asked. */
export interface OfflineRoutes extends UnreadRoutes {
  readonly summary: (user: UserId) => Promise<readonly OfflineSummary[]>
  readonly offline: (user: UserId, conversation: string, limit: number) => Promise<OfflineMessages>
  readonly acknowledge: (user: UserId, acknowledgement: Acknowledgement) => Promise<AcknowledgeResult>
}

/** What a user has not read, as lists; acknowledged messages leave them and are read. Source: the STOMP and REST contract. */
export function addOfflineRoutes(api: ZodApp, parts: OfflineRoutes): void {
  const routes = async (app: ZodApp) => {
    answerIn(offlineEnvelope, app)
    addUnreadRoutes(app, parts)
    addLists(app, parts)
    addAcknowledging(app, parts)
  }
  api.register(routes, { prefix: '/im/offline' })
}

function addLists(app: ZodApp, { summary, offline, membership }: OfflineRoutes): void {
  const { success } = offlineEnvelope

  app.get(
    '/summary',
    {
      schema: { querystring: userQuery },
      config: { summary: 'Conversations with unread messages, the newest first', data: summaryData },
    },
    async (request, reply) => {
      const { userId } = request.query
      const refused = await refusalOf(sessionOf(request), userId)
      if (refused) return refuse(reply, offlineEnvelope, refused)
      return success((await summary(userId)).map(toSummaryDto))
    },
  )

  app.get(
    '/:conversationId',
    {
      schema: { params: conversationParams, querystring: messagesQuery },
      config: { summary: 'A conversation’s unread messages', data: messagesData },
    },
    async (request, reply) => {
      const { userId, limit } = request.query
      const { conversationId } = request.params
      const refused = await refusalOf(sessionOf(request), userId, conversationId, membership)
      if (refused) return refuse(reply, offlineEnvelope, refused)
      const { messages, hasMore } = await offline(userId, conversationId, limit)
      const dtos = messages.map(({ msgId, seq, brief, ts }) => ({
        msgId,
        serverMsgId: String(seq),
        msgBrief: brief,
        createdAt: ts,
      }))
      return success({ conversationId, messages: dtos, hasMore })
    },
  )
}

function addAcknowledging(app: ZodApp, { acknowledge, membership }: OfflineRoutes): void {
  const answer = async (reply: FastifyReply, user: UserId, acknowledgement: Acknowledgement) => {
    const refused = await acknowledge(user, acknowledgement)
    return refused ? refuse(reply, offlineEnvelope, reasons[refused.reason]) : offlineEnvelope.success()
  }

  app.post(
    '/ack',
    { schema: { body: ackBody }, config: { summary: 'Acknowledges messages of a conversation' } },
    async (request, reply) => {
      const { userId, conversationId, msgIds } = request.body
      const refused = await refusalOf(sessionOf(request), userId, conversationId, membership)
      if (refused) return refuse(reply, offlineEnvelope, refused)
      return answer(reply, userId, { conversation: conversationId, messages: msgIds })
    },
  )

  app.delete(
    '/:conversationId',
    {
      schema: { params: conversationParams, querystring: userQuery },
      config: { summary: 'Acknowledges all of a conversation' },
    },
    async (request, reply) => {
      const { userId } = request.query
      const { conversationId } = request.params
      const refused = await refusalOf(sessionOf(request), userId, conversationId, membership)
      if (refused) return refuse(reply, offlineEnvelope, refused)
      return answer(reply, userId, { conversation: conversationId, messages: 'all' })
    },
  )

  app.post(
    '/reset-unread',
    { schema: { querystring: resetQuery }, config: { summary: 'Acknowledges all of a conversation' } },
    async (request, reply) => {
      const { userId, conversationId } = request.query
      const refused = await refusalOf(sessionOf(request), userId, conversationId, membership)
      if (refused) return refuse(reply, offlineEnvelope, refused)
      return answer(reply, userId, { conversation: conversationId, messages: 'all' })
    },
  )
}

const reasons = {
  message_not_found: 'offline_message_not_found',
  too_many_beyond_cursor: 'offline_too_many_beyond_cursor',
} as const
