import { type Fence, type MessageLog, Superseded } from '../../messaging/message-log.ts'
import { type GroupId, groupConversation, type UserId } from '../../protocol/ids.ts'
import type { Actors } from '../../runtime/actor-runtime.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { GroupContract } from '../group/contract.ts'
import type { OpResult, SendOp } from './contract.ts'
import type { UnreadCounts } from './unread-counts.ts'

export type GroupSendOp = Extract<SendOp, { group: GroupId }>

/** How long a group's actor is waited for, ms: less than a gateway waits for the user's. */
export const GROUP_ANSWER_MS = 5000

export interface GroupSendingParts {
  readonly log: MessageLog
  readonly groups: Actors<GroupContract>
  readonly unread: UnreadCounts
  /** Whether there is such a group, or was. */
  readonly exists: (group: GroupId) => Promise<boolean>
  readonly logger: Logger
}

/** What a user says in groups: one call to each group's actor, the groups at the same time. */
export class GroupSending {
  readonly #user: UserId
  readonly #parts: GroupSendingParts

  constructor(user: UserId, parts: GroupSendingParts) {
    this.#user = user
    this.#parts = parts
  }

  /** One result an operation, in their order. Throws Superseded when the fence is no longer the last claim. */
  async send(ops: readonly GroupSendOp[], fence: Fence): Promise<OpResult[]> {
    if (ops.length === 0) return []
    // The group's fence is not the user's: a stale activation must not speak for a user who has gone elsewhere.
    if ((await this.#parts.log.lastClaim(fence.owner))?.epoch !== fence.epoch)
      throw new Superseded(fence.owner)
    const byGroup = new Map<GroupId, GroupSendOp[]>()
    for (const op of ops) byGroup.set(op.group, [...(byGroup.get(op.group) ?? []), op])
    const results = new Map<GroupSendOp, OpResult>()
    await Promise.all(
      [...byGroup].map(async ([group, some]) => {
        const answers = await this.#sendTo(group, some)
        for (const [index, op] of some.entries()) results.set(op, answers[index] ?? null)
      }),
    )
    return ops.map(op => results.get(op) ?? null)
  }

  async #sendTo(group: GroupId, ops: readonly GroupSendOp[]): Promise<readonly OpResult[]> {
    const { groups, unread, exists, logger } = this.#parts
    const messages = ops.map(({ op: _, group: _group, ...message }) => message)
    const options = { deadline: Date.now() + GROUP_ANSWER_MS }
    try {
      // An actor would claim whatever name it is given, and claims stay.
      if (!(await exists(group))) return ops.map(() => ({ reason: 'not_group_member' }))
      const answers = await groups.call(group, 'send', { from: this.#user, messages }, options)
      const last = answers.findLast(answer => answer !== null && 'seq' in answer)
      if (last && 'seq' in last) unread.sent(groupConversation(group), last.seq)
      return answers
    } catch (error) {
      logger.warn({ err: error, user: this.#user, group }, 'a group’s actor did not answer')
      return ops.map(() => ({ reason: 'server_busy' }))
    }
  }
}
