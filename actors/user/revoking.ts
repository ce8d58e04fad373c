import { type Fence, LogBusy, LogUnavailable, type MessageLog } from '../../messaging/message-log.ts'
import { dedupeIdOf, type RevocationEntry } from '../../protocol/entries.ts'
import type { EntryEvent } from '../../protocol/events.ts'
import { REVOKE_WITHIN_MS } from '../../protocol/groups.ts'
import { directFeed, type GroupId, type UserId } from '../../protocol/ids.ts'
import type { Actors } from '../../runtime/actor-runtime.ts'
import type { FeedReader } from '../feed-reader.ts'
import type { GroupContract } from '../group/contract.ts'
import type { OpResult, RevokeOp } from './contract.ts'
import { GROUP_ANSWER_MS } from './group-sending.ts'

export interface RevokingParts {
  readonly log: MessageLog
  readonly reader: FeedReader
  readonly groups: Actors<GroupContract>
  /** Tells the user's own connections: a direct message's feed is the recipient's. */
  readonly tell: (event: EntryEvent) => void
}

/** Takes messages back: a direct one in its recipient's feed, a group's by its actor, which knows who may. */
export class Revoking {
  readonly #user: UserId
  readonly #parts: RevokingParts

  constructor(user: UserId, parts: RevokingParts) {
    this.#user = user
    this.#parts = parts
  }

  /** Throws Superseded when the fence is no longer the last claim. */
  async revoke({ seq }: RevokeOp, fence: Fence): Promise<OpResult> {
    const found = await this.#parts.reader.entry(seq)
    if (found?.entry.kind === 'group') return this.#askGroup(found.entry.group, seq)
    if (found?.entry.kind !== 'direct') return { reason: 'message_not_found' }
    const { from, to, ts: sentAt } = found.entry
    if (to !== this.#user && from !== this.#user) return { reason: 'message_not_found' }
    if (from !== this.#user) return { reason: 'not_message_sender' }
    const ts = Date.now()
    if (found.revoked) return { seq, ts }
    if (ts - sentAt > REVOKE_WITHIN_MS) return { reason: 'revoke_timeout' }
    return this.#append({ kind: 'revocation', from, to, target: seq, ts }, to, fence)
  }

  async #append(entry: RevocationEntry, to: UserId, fence: Fence): Promise<OpResult> {
    try {
      const wanted = { feed: directFeed(to), dedupeId: dedupeIdOf(entry), entry }
      const [appended] = await this.#parts.log.append(fence, [wanted])
      if (appended && !appended.duplicate) this.#parts.tell({ kind: 'entry', seq: appended.seq, entry })
      return { seq: entry.target, ts: entry.ts }
    } catch (error) {
      if (error instanceof LogBusy || error instanceof LogUnavailable) return { reason: 'server_busy' }
      throw error
    }
  }

  async #askGroup(group: GroupId, seq: number): Promise<OpResult> {
    const options = { deadline: Date.now() + GROUP_ANSWER_MS }
    try {
      return await this.#parts.groups.call(group, 'revoke', { by: this.#user, seq }, options)
    } catch {
      return { reason: 'server_busy' }
    }
  }
}
