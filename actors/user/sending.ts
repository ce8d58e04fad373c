import {
  type Fence,
  LogBusy,
  type LogEntry,
  LogUnavailable,
  type MessageLog,
} from '../../messaging/message-log.ts'
import { type DirectEntry, dedupeIdOf, type Entry } from '../../protocol/entries.ts'
import { directConversation, directFeed, type UserId } from '../../protocol/ids.ts'
import type { FeedReader } from '../feed-reader.ts'
import { answerRepeat } from '../first-entry.ts'
import type { OpResult, SendOp } from './contract.ts'
import type { GroupSending, GroupSendOp } from './group-sending.ts'
import { IdempotencyWindow } from './idempotency-window.ts'
import type { UnreadCounts } from './unread-counts.ts'

export interface SendingParts {
  readonly log: MessageLog
  readonly reader: FeedReader
  /** The user's last ids before this activation, newest first. */
  readonly recentIds: () => Promise<readonly (readonly [clientMsgId: string, seq: number])[]>
  readonly windowSize: number
  readonly unread: UnreadCounts
  readonly groups: GroupSending
}

type DirectSendOp = Extract<SendOp, { to: UserId }>

/** The result of a message that had not been stored before. */
interface First {
  readonly op: SendOp
  readonly result: OpResult
}

/**
 * What a user sends: known by its clientMsgId, in order. Direct messages are appended under the user's own fence, a
 * group's by its actor.
 */
export class Sending {
  readonly #user: UserId
  readonly #parts: SendingParts
  #window: IdempotencyWindow | undefined
  #uncertain = false
  /** Direct messages that may have been stored without anybody being told. */
  readonly #unsettled = new Set<string>()

  constructor(user: UserId, parts: SendingParts) {
    this.#user = user
    this.#parts = parts
  }

  /** What the window holds, newest first: once something was sent, and while the outcome of every send is known. */
  get recentIds(): readonly (readonly [clientMsgId: string, seq: number])[] | undefined {
    return this.#uncertain ? undefined : this.#window?.recent
  }

  /** Under which seq the window has a message. */
  async seqOf(clientMsgId: string): Promise<number | undefined> {
    return (await this.#loadWindow()).seqOf(clientMsgId)
  }

  /** A message that could not be saved has been, after all. */
  stored(clientMsgId: string, seq: number): void {
    this.#window?.add(clientMsgId, seq)
  }

  /**
   * One result an operation, in their order. `stored` is given each direct message that this activation has stored,
   * once. Throws Superseded when the fence is no longer the last claim.
   */
  async send(ops: readonly SendOp[], fence: Fence, stored: (entry: LogEntry) => void): Promise<OpResult[]> {
    const window = await this.#loadWindow()
    const fresh = new Map<string, SendOp>()
    for (const op of ops) {
      const known = fresh.has(op.clientMsgId) || window.seqOf(op.clientMsgId) !== undefined
      if (!known && !this.#isToSelf(op)) fresh.set(op.clientMsgId, op)
    }
    const firsts = await this.#store([...fresh.values()], fence, stored)
    for (const [clientMsgId, { result }] of firsts) {
      if (result && 'seq' in result) window.add(clientMsgId, result.seq)
    }
    const results: OpResult[] = []
    for (const op of ops) {
      const first = firsts.get(op.clientMsgId)
      results.push(first?.op === op ? first.result : await this.#repeat(op, window, first))
    }
    return results
  }

  async #store(
    ops: readonly SendOp[],
    fence: Fence,
    stored: (entry: LogEntry) => void,
  ): Promise<ReadonlyMap<string, First>> {
    const direct = ops.filter(op => 'to' in op)
    const grouped = ops.filter(op => 'group' in op)
    const [directResults, groupResults] = await Promise.all([
      this.#appendDirect(direct, fence, stored),
      this.#parts.groups.send(grouped, fence),
    ])
    this.#uncertain ||= groupResults.some(
      result => result && 'reason' in result && result.reason === 'server_busy',
    )
    return new Map([...firstsOf(direct, directResults), ...firstsOf(grouped, groupResults)])
  }

  async #appendDirect(
    ops: readonly DirectSendOp[],
    fence: Fence,
    stored: (entry: LogEntry) => void,
  ): Promise<OpResult[]> {
    if (ops.length === 0) return []
    const entries = ops.map(op => this.#entryOf(op))
    const wanted = entries.map(entry => ({ feed: directFeed(entry.to), dedupeId: dedupeIdOf(entry), entry }))
    try {
      const appended = await this.#parts.log.append(fence, wanted)
      const results: OpResult[] = []
      for (const [index, { seq, duplicate }] of appended.entries()) {
        const entry = entries[index]
        if (!entry) continue
        this.#parts.unread.sent(directConversation(this.#user, entry.to), seq)
        if (!duplicate) {
          results.push({ seq, ts: entry.ts })
          this.#unsettled.delete(entry.clientMsgId)
          stored({ seq, feed: directFeed(entry.to), entry })
          continue
        }
        const first = await this.#parts.reader.first(seq)
        results.push(answerRepeat(entry, first))
        if (first && this.#isOurs(entry, first.stored.entry)) stored(first.stored)
      }
      return results
    } catch (error) {
      if (error instanceof LogUnavailable) this.#unsettle(ops)
      if (error instanceof LogBusy || error instanceof LogUnavailable)
        return ops.map(() => ({ reason: 'server_busy' }))
      throw error
    }
  }

  /** Whether what the log calls a repeat is an entry that this activation has stored, and only now it is known. */
  #isOurs({ clientMsgId, ts }: DirectEntry, first: Entry): boolean {
    // The log repeats by itself what was not answered: then the stored entry is this very one.
    return this.#unsettled.delete(clientMsgId) || first.ts === ts
  }

  #unsettle(ops: readonly DirectSendOp[]): void {
    this.#uncertain = true
    if (this.#unsettled.size < this.#parts.windowSize)
      for (const { clientMsgId } of ops) this.#unsettled.add(clientMsgId)
  }

  /** Answers an operation whose clientMsgId came before, in this call or an earlier one. */
  async #repeat(op: SendOp, window: IdempotencyWindow, first: First | undefined): Promise<OpResult> {
    if (this.#isToSelf(op)) return { reason: 'cannot_send_to_self' }
    const seq = window.seqOf(op.clientMsgId)
    if (seq === undefined) return first?.result ?? { reason: 'server_busy' }
    return answerRepeat(op, await this.#parts.reader.first(seq))
  }

  #isToSelf(op: SendOp): boolean {
    return 'to' in op && op.to === this.#user
  }

  #entryOf({ op: _, ...message }: DirectSendOp): DirectEntry {
    return { kind: 'direct', from: this.#user, ...message, ts: Date.now() }
  }

  async #loadWindow(): Promise<IdempotencyWindow> {
    const { recentIds, windowSize } = this.#parts
    this.#window ??= new IdempotencyWindow(windowSize, await recentIds())
    return this.#window
  }
}

const firstsOf = (ops: readonly (DirectSendOp | GroupSendOp)[], results: readonly OpResult[]) =>
  ops.map((op, index): [string, First] => [op.clientMsgId, { op, result: results[index] ?? null }])
