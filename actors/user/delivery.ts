import type { LogEntry } from '../../messaging/message-log.ts'
import { isMessage } from '../../protocol/entries.ts'

/** `skipped`: there was nothing to send. */
type Mark = 'pushed' | 'acknowledged' | 'skipped'

/** Acknowledgements of what is yet to be pushed that are kept; more of it is pushed although it was acknowledged. */
const MAX_EARLY = 1000

/**
 * One feed on its way to one connection: what has been pushed, what of it is acknowledged, and the cursor, which
 * moves over what is contiguously acknowledged. Seqs are pushed in growing order.
 *
 * Clients have no need to acknowledge what is no message, and can't where its frame has no serverMsgId of its own. The
 * acknowledgement of a later message is taken for theirs; those that none has followed are pushed again at the next
 * bind.
 */
export class Delivery {
  readonly #limit: number
  #cursor: number
  #lastPushed: number
  /** Pushed after the cursor, by seq. */
  readonly #outstanding: { readonly entry: LogEntry; mark: Mark }[] = []
  /** Acknowledged by an earlier connection of the device, and not pushed on this one yet. */
  readonly #early = new Set<number>()
  #unacknowledged = 0

  constructor(cursor: number, limit: number) {
    this.#cursor = cursor
    this.#lastPushed = cursor
    this.#limit = limit
  }

  /** Everything up to it is acknowledged. */
  get cursor(): number {
    return this.#cursor
  }

  get lastPushed(): number {
    return this.#lastPushed
  }

  /** Messages pushed and not acknowledged. */
  get unacknowledged(): number {
    return this.#unacknowledged
  }

  /** How many more may be pushed now. */
  get room(): number {
    return this.#limit - this.#outstanding.length
  }

  /** Notes that the entry is next. Answers whether it needs to be sent: not when it is acknowledged already. */
  push(entry: LogEntry): boolean {
    const acknowledged = this.#early.delete(entry.seq)
    this.#add(entry, acknowledged ? 'acknowledged' : 'pushed')
    return !acknowledged
  }

  /** Notes that the entry is next and not to be sent. */
  skip(entry: LogEntry): void {
    this.#add(entry, 'skipped')
  }

  /** The entry with this seq if it is outstanding. */
  outstanding(seq: number): LogEntry | undefined {
    return this.#outstanding[this.#indexOf(seq)]?.entry
  }

  /** Whether what has this seq is acknowledged, as far as is known here. */
  isAcknowledged(seq: number): boolean {
    if (seq <= this.#cursor || this.#early.has(seq)) return true
    return (this.#outstanding[this.#indexOf(seq)]?.mark ?? 'pushed') !== 'pushed'
  }

  /**
   * Acknowledges an outstanding entry, or with `upTo` all up to it, be it outstanding itself or not. Answers the entries
   * this is news of.
   */
  acknowledge(seq: number, upTo = false): LogEntry[] {
    const news: LogEntry[] = []
    const last = upTo ? this.#outstanding.findLastIndex(({ entry }) => entry.seq <= seq) : this.#indexOf(seq)
    for (let index = upTo ? 0 : last; index >= 0 && index <= last; index++) {
      const pushed = this.#outstanding[index]
      if (pushed?.mark !== 'pushed') continue
      pushed.mark = 'acknowledged'
      if (isMessage(pushed.entry.entry)) this.#unacknowledged--
      news.push(pushed.entry)
    }
    this.#advance()
    return news
  }

  /** Notes the acknowledgement of an entry that is yet to be pushed here. Answers whether this is news. */
  acknowledgeEarly(seq: number): boolean {
    if (seq <= this.#lastPushed || this.#early.has(seq) || this.#early.size >= MAX_EARLY) return false
    this.#early.add(seq)
    return true
  }

  #add(entry: LogEntry, mark: Mark): void {
    this.#lastPushed = entry.seq
    this.#outstanding.push({ entry, mark })
    if (mark === 'pushed' && isMessage(entry.entry)) this.#unacknowledged++
    if (mark !== 'pushed' || this.room === 0) this.#advance()
  }

  #advance(): void {
    let done = 0
    for (const [index, { entry, mark }] of this.#outstanding.entries()) {
      if (mark === 'pushed' && isMessage(entry.entry)) break
      // What needs no acknowledgement fills no room: the oldest of many is given up.
      const givenUp = index < this.#outstanding.length - this.#limit + 1
      // That something was skipped says nothing of a notice before it.
      if (mark === 'acknowledged' || givenUp || (mark === 'skipped' && done === index)) done = index + 1
    }
    const last = this.#outstanding[done - 1]
    if (!last) return
    this.#cursor = last.entry.seq
    this.#outstanding.splice(0, done)
  }

  #indexOf(seq: number): number {
    let low = 0
    let high = this.#outstanding.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const found = this.#outstanding[middle]?.entry.seq ?? 0
      if (found === seq) return middle
      if (found < seq) low = middle + 1
      else high = middle - 1
    }
    return -1
  }
}
