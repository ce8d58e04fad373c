import type { Bus } from '../../messaging/bus.ts'
import { type Fence, type MessageLog, Superseded } from '../../messaging/message-log.ts'
import { subjects } from '../../messaging/subjects.ts'
import type { AuditEvent } from '../../protocol/audit.ts'
import { isMessage, type MessageEntry } from '../../protocol/entries.ts'
import type { UserId } from '../../protocol/ids.ts'
import type { Store } from '../../storage/store.ts'
import type { Replay, ReplayResult } from './contract.ts'

export interface ReplayingParts {
  readonly log: MessageLog
  readonly store: Store
  readonly bus: Bus
  readonly sending: SentIds
}

/** What is known of what the user has sent. */
export interface SentIds {
  seqOf(clientMsgId: string): Promise<number | undefined>
  /** The message `clientMsgId` is the one stored under `seq`. */
  stored(clientMsgId: string, seq: number): void
}

/** Tells an active user's actor that messages have come to be before others that it has counted. */
export interface RecountNotice {
  readonly kind: 'recount'
}

/**
 * Stores what of the user could not be saved, once more. It is done here because nobody but this actor sends for the
 * user: its turn keeps a repeat by the sender from being stored beside it.
 */
export class Replaying {
  readonly #user: UserId
  readonly #parts: ReplayingParts

  constructor(user: UserId, parts: ReplayingParts) {
    this.#user = user
    this.#parts = parts
  }

  /** `settledBy`: see UnreadCounts. Throws Superseded when the fence is no longer the last claim. */
  async replay(replay: Replay, fence: Fence, settledBy: number): Promise<ReplayResult> {
    const { log, store, sending } = this.#parts
    const { seq, feed, entry, event } = replay
    if (entry.from !== this.#user) throw new Error(`${this.#user} has not sent ${seq}`)
    // Rows are not fenced: a stale activation must not write any.
    if ((await log.lastClaim(fence.owner))?.epoch !== fence.epoch) throw new Superseded(fence.owner)
    // What earlier activations sent may hold a repeat that is not saved yet.
    if ((await store.messages.position()) < Math.max(settledBy, seq)) return { outcome: 'busy' }
    if (!isMessage(entry)) return store.deadLetters.replayEntry(seq, feed, entry, event)
    const known = await sending.seqOf(entry.clientMsgId)
    if (known !== undefined && known !== seq) return this.#drop(seq, event)
    const result = await store.deadLetters.replayEntry(seq, feed, entry, event)
    if (result.outcome === 'stored') {
      sending.stored(entry.clientMsgId, seq)
      await this.#tell(entry)
    }
    return result
  }

  async #drop(seq: number, event: AuditEvent): Promise<ReplayResult> {
    const outcome = 'already_stored'
    const told = { ...event, detail: { ...event.detail, outcome } }
    return { outcome: (await this.#parts.store.deadLetters.drop(seq, told)) ? outcome : 'gone' }
  }

  /** Best effort: who is not active counts anew anyway. */
  async #tell(entry: MessageEntry): Promise<void> {
    const { bus, store } = this.#parts
    const notice: RecountNotice = { kind: 'recount' }
    const recipients =
      entry.kind === 'direct' ? [entry.to] : (await store.groups.members(entry.group)).map(({ user }) => user)
    for (const user of recipients) bus.publish(subjects.actorEvent('user', user), notice)
  }
}
