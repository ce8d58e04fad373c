import type { BatchLimits, LogBatch, LogReader, LogRecord } from '../../messaging/log-reader.ts'
import { LogUnavailable, type NewEntry } from '../../messaging/message-log.ts'

/** A log in memory, as savers read it, which can be made to fail, to shrink and to go back. */
export class MemoryRecords implements LogReader {
  #records: LogRecord[] = []
  #last = 0
  #available = true
  #waiting: (() => void)[] = []
  readonly #wentBack: ((seen: number) => void)[] = []
  readonly purged: number[] = []
  readonly opened: number[] = []

  get records(): readonly LogRecord[] {
    return this.#records
  }

  append(...entries: NewEntry[]): number[] {
    return this.add(
      ...entries.map(({ feed, entry }) => ({
        kind: 'entry' as const,
        feed,
        entry,
        bytes: Buffer.byteLength(JSON.stringify(entry)),
      })),
    )
  }

  /** Gives each record the next seq. */
  add(...records: DistributedOmit<LogRecord, 'seq'>[]): number[] {
    const seqs = records.map(record => {
      this.#last += 1
      this.#records.push({ ...record, seq: this.#last })
      return this.#last
    })
    this.#wake()
    return seqs
  }

  /** A log restored from an older copy. */
  goBack(lastSeq: number): void {
    this.#records = this.#records.filter(({ seq }) => seq <= lastSeq)
    this.#last = lastSeq
  }

  set available(available: boolean) {
    this.#available = available
    this.#wake()
  }

  tellSeen(seen: number): void {
    for (const handler of this.#wentBack) handler(seen)
  }

  async lastSeq(): Promise<number> {
    this.#check()
    return this.#last
  }

  async *open(fromSeq: number, limits: BatchLimits, signal: AbortSignal): AsyncIterable<LogBatch> {
    this.opened.push(fromSeq)
    const onAbort = () => this.#wake()
    signal.addEventListener('abort', onAbort)
    let next = fromSeq
    try {
      while (!signal.aborted) {
        this.#check()
        const records = this.#records.filter(({ seq }) => seq >= next).slice(0, limits.maxRecords)
        next = (records.at(-1)?.seq ?? next - 1) + 1
        if (records.length > 0) yield { records }
        else await new Promise<void>(resolve => this.#waiting.push(resolve))
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async purgeSaved(upTo: number): Promise<void> {
    this.#check()
    this.purged.push(upTo)
    this.#records = this.#records.filter(({ kind, seq }) => kind === 'claim' || seq > upTo)
  }

  async moveBeyond(position: number): Promise<void> {
    this.#check()
    this.#records = this.#records.filter(({ seq }) => seq > position)
    this.#last = Math.max(this.#last, position)
  }

  onWentBack(handler: (highestSeen: number) => void): void {
    this.#wentBack.push(handler)
  }

  #check(): void {
    if (!this.#available) throw new LogUnavailable('the log is away')
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

type DistributedOmit<T, K extends keyof T> = T extends unknown ? Omit<T, K> : never
