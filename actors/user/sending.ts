import {
  type Fence,
  LogBusy,
  LogUnavailable,
  type MessageLog,
  type NewEntry,
} from '../../messaging/message-log.ts'
import type { DirectEntry } from '../../protocol/entries.ts'
import { directConversation, directFeed, type UserId } from '../../protocol/ids.ts'
import type { FeedReader } from '../feed-reader.ts'
import type { OpResult, SendOp } from './contract.ts'
import { IdempotencyWindow } from './idempotency-window.ts'
import type { UnreadCounts } from './unread-counts.ts'

export interface SendingParts {
  readonly log: MessageLog
  readonly reader: FeedReader
  /** The user's last ids before this activation, newest first. */
  readonly recentIds: () => Promise<readonly (readonly [clientMsgId: string, seq: number])[]>
  readonly windowSize: number
  readonly unread: UnreadCounts
}

/** What a user sends: known by its clientMsgId, appended in order under the user's own fence. */
export class Sending {
  readonly #user: UserId
  readonly #parts: SendingParts
  #window: IdempotencyWindow | undefined
  #uncertain = false

  constructor(user: UserId, parts: SendingParts) {
    this.#user = user
    this.#parts = parts
  }

  /** What the window holds, newest first: once something was sent, and while the outcome of every send is known. */
  get recentIds(): readonly (readonly [clientMsgId: string, seq: number])[] | undefined {
    return this.#uncertain ? undefined : this.#window?.recent
  }

  /** One result an operation, in their order. Throws Superseded when the fence is no longer the last claim. */
  async send(ops: readonly SendOp[], fence: Fence): Promise<OpResult[]> {
    try {
      return await this.#send(ops, fence)
    } catch (error) {
      this.#uncertain ||= error instanceof LogUnavailable
      if (error instanceof LogBusy || error instanceof LogUnavailable)
        return ops.map(() => ({ reason: 'server_busy' }))
      throw error
    }
  }

  async #send(ops: readonly SendOp[], fence: Fence): Promise<OpResult[]> {
    const window = await this.#loadWindow()
    const fresh = new Map<string, NewEntry & { entry: DirectEntry }>()
    for (const op of ops) {
      if (op.to === this.#user || fresh.has(op.clientMsgId) || window.seqOf(op.clientMsgId) !== undefined)
        continue
      fresh.set(op.clientMsgId, this.#newEntry(op))
    }
    const stored = new Map<string, { seq: number; entry: DirectEntry }>()
    if (fresh.size > 0) {
      const entries = [...fresh.values()]
      const appended = await this.#parts.log.append(fence, entries)
      for (const [index, { seq, duplicate }] of appended.entries()) {
        const entry = entries[index]?.entry
        if (!entry) continue
        window.add(entry.clientMsgId, seq)
        if (!duplicate) stored.set(entry.clientMsgId, { seq, entry })
        this.#parts.unread.sent(directConversation(this.#user, entry.to), seq)
      }
    }
    const results: OpResult[] = []
    for (const op of ops) {
      const sent = stored.get(op.clientMsgId)
      results.push(sent ? answer(op, sent.seq, sent.entry) : await this.#repeat(op, window))
    }
    return results
  }

  /** Answers an operation whose clientMsgId was stored before. */
  async #repeat(op: SendOp, window: IdempotencyWindow): Promise<OpResult> {
    if (op.to === this.#user) return { reason: 'cannot_send_to_self' }
    const seq = window.seqOf(op.clientMsgId)
    const first = seq === undefined ? undefined : await this.#parts.reader.entry(seq)
    if (first?.entry.kind !== 'direct') return { reason: 'server_busy' }
    return answer(op, first.seq, first.entry)
  }

  #newEntry(op: SendOp): NewEntry & { entry: DirectEntry } {
    const { op: _, ...content } = op
    return {
      feed: directFeed(op.to),
      dedupeId: `${this.#user}:${op.clientMsgId}`,
      entry: { kind: 'direct', from: this.#user, ...content, ts: Date.now() },
    }
  }

  async #loadWindow(): Promise<IdempotencyWindow> {
    const { recentIds, windowSize } = this.#parts
    this.#window ??= new IdempotencyWindow(windowSize, await recentIds())
    return this.#window
  }
}

/** A clientMsgId stands for one recipient and body; anything else under it is refused. */
const answer = (op: SendOp, seq: number, first: DirectEntry): OpResult =>
  first.to === op.to && first.body === op.body ? { seq, ts: first.ts } : { reason: 'client_msg_id_conflict' }
