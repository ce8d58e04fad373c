import { createHash } from 'node:crypto'
import { type Fence, LogBusy, LogUnavailable, type MessageLog } from '../../messaging/message-log.ts'
import { dedupeIdOf, type JoinDecisionEntry, type JoinRequestEntry } from '../../protocol/entries.ts'
import { directFeed, type GroupId, type UserId } from '../../protocol/ids.ts'
import { type Actors, ActorUnavailable } from '../../runtime/actor-runtime.ts'
import type { GroupContract } from '../group/contract.ts'
import type { JoinDecisionOp, JoinRequestOp, OpResult, Sent } from './contract.ts'
import { GROUP_ANSWER_MS } from './group-sending.ts'

export interface JoiningParts {
  readonly log: MessageLog
  readonly groups: Actors<GroupContract>
  /** Whether there is such a group, or was. */
  readonly exists: (group: GroupId) => Promise<boolean>
}

/**
 * Asking to be let into a group, and the answer: entries in the feeds of those whom they concern, under the fence of
 * who writes them. Who may decide is the group's actor's word.
 */
export class Joining {
  readonly #user: UserId
  readonly #parts: JoiningParts

  constructor(user: UserId, parts: JoiningParts) {
    this.#user = user
    this.#parts = parts
  }

  /** Throws Superseded when the fence is no longer the last claim. */
  request({ group, clientMsgId, body }: JoinRequestOp, fence: Fence): Promise<OpResult> {
    return orBusy(async () => {
      if (!(await this.#parts.exists(group))) return { reason: 'not_group_member' }
      const deciders = await this.#parts.groups.call(group, 'deciders', { asker: this.#user }, within())
      if (deciders.kind === 'closed') return { reason: 'not_group_member' }
      if (deciders.kind === 'member') return { seq: deciders.seq, ts: deciders.ts }
      const ts = Date.now()
      const entries = deciders.users.map((to): JoinRequestEntry => {
        const opId = shortened(`${to} ${clientMsgId}`)
        return { kind: 'join-request', from: this.#user, to, group, clientMsgId, opId, body, ts }
      })
      return (await this.#append(entries, fence)) ?? { reason: 'not_group_member' }
    })
  }

  /** Throws Superseded when the fence is no longer the last claim. */
  decide({ group, to, accept, opId }: JoinDecisionOp, fence: Fence): Promise<OpResult> {
    return orBusy(async () => {
      if (!(await this.#parts.exists(group))) return { reason: 'not_group_member' }
      const refused = accept ? await this.#letIn(group, to, opId) : await this.#mayDecide(group)
      if (refused) return refused
      const decision = { group, to, accept, opId: shortened(`${group} ${to} ${opId}`), ts: Date.now() }
      await this.#append([{ kind: 'join-decision', from: this.#user, ...decision }], fence)
      return null
    })
  }

  async #letIn(group: string, to: UserId, opId: string): Promise<OpResult> {
    const request = { by: this.#user, opId, command: { do: 'add', users: [to] } } as const
    const result = await this.#parts.groups.call(group, 'change', request, within())
    if (result.ok || result.reason === 'already_member') return null
    if (result.reason === 'busy') return { reason: 'server_busy' }
    return { reason: result.reason === 'no_permission' ? 'ack_not_allowed' : 'not_group_member' }
  }

  /** A decision belongs to those who were asked. */
  async #mayDecide(group: string): Promise<OpResult> {
    const { lead, member } = await this.#parts.groups.call(group, 'standing', { user: this.#user }, within())
    return lead ? null : { reason: member ? 'ack_not_allowed' : 'not_group_member' }
  }

  async #append(
    entries: readonly (JoinRequestEntry | JoinDecisionEntry)[],
    fence: Fence,
  ): Promise<Sent | undefined> {
    const wanted = entries.map(entry => ({ feed: directFeed(entry.to), dedupeId: dedupeIdOf(entry), entry }))
    const [first] = await this.#parts.log.append(fence, wanted)
    return first && { seq: first.seq, ts: entries[0]?.ts ?? 0 }
  }
}

const within = () => ({ deadline: Date.now() + GROUP_ANSWER_MS })

/** Ids are kept in few bytes, and two users' names and a client's id may be many. */
const shortened = (id: string): string => createHash('sha256').update(id).digest('base64url')

async function orBusy(work: () => Promise<OpResult>): Promise<OpResult> {
  try {
    return await work()
  } catch (error) {
    const passing =
      error instanceof LogBusy || error instanceof LogUnavailable || error instanceof ActorUnavailable
    if (passing) return { reason: 'server_busy' }
    throw error
  }
}
