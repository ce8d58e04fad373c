import type { LogEntry } from '../../messaging/message-log.ts'
import { isMessage } from '../../protocol/entries.ts'

/** Bytes of large messages on their way to a connection at a time; a larger one goes alone. */
const LARGE_BYTES = 524_288

/**
 * How much a connection may be pushed whatever the feed. Large messages wait until those before them have left the
 * gateway: else a backlog of them would fill its memory, and look like a client that does not read.
 */
export class PushRoom {
  /** Bodies of more UTF-16 units are large. */
  readonly #largeUnits: number
  /** Bytes of those that have not left yet, by seq. */
  readonly #underWay = new Map<number, number>()
  #bytes = 0
  /** Of the last message pushed, if it was large: the next ones are taken to be like it. */
  #expected = 0

  constructor(largeUnits: number = Number.POSITIVE_INFINITY) {
    this.#largeUnits = largeUnits
  }

  /** How many more entries may be pushed now; what they turn out to be, `takes` judges. */
  get room(): number {
    if (this.#expected === 0) return this.#bytes < LARGE_BYTES ? Number.POSITIVE_INFINITY : 0
    const fitting = Math.floor((LARGE_BYTES - this.#bytes) / this.#expected)
    return this.#bytes === 0 ? Math.max(1, fitting) : Math.max(0, fitting)
  }

  /** Whether the entry may be pushed now. */
  takes(entry: LogEntry): boolean {
    const size = this.#bytes === 0 ? 0 : this.#sizeOf(entry)
    return size === 0 || this.#bytes + size <= LARGE_BYTES
  }

  pushed(entry: LogEntry): void {
    this.#expected = this.#sizeOf(entry)
    if (this.#expected === 0) return
    this.#bytes += this.#expected - (this.#underWay.get(entry.seq) ?? 0)
    this.#underWay.set(entry.seq, this.#expected)
  }

  /** A large message has left the gateway. */
  taken(seq: number): void {
    this.#bytes -= this.#underWay.get(seq) ?? 0
    this.#underWay.delete(seq)
  }

  /** Bytes of a large message; 0 for all else. */
  #sizeOf({ entry }: LogEntry): number {
    return isMessage(entry) && entry.body.length > this.#largeUnits ? Buffer.byteLength(entry.body) : 0
  }
}
