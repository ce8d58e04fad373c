import { closeSync, openSync, writeSync } from 'node:fs'
import type { HistoryEvent } from './history.ts'

const BUFFERED_CHARACTERS = 64 << 10

/**
 * Writes a history. A line costs its JSON and, every 64 KiB, one short write that the caller waits for: so lines
 * stay in order, memory stays bounded, and a full disk throws where it is noticed.
 */
export class HistoryWriter {
  readonly #now: () => number
  readonly #file: number
  #buffer = ''
  #lines = 0
  #isOpen = true

  /** Replaces the file. `now` is in milliseconds and never goes back. */
  constructor(path: string, now: () => number = () => performance.now()) {
    this.#now = now
    this.#file = openSync(path, 'w')
  }

  get lines(): number {
    return this.#lines
  }

  /** Stamps the event with the time: call it before what an `invoke` asks for and after what another line tells. */
  write(event: HistoryEvent): void {
    if (!this.#isOpen) throw new Error('the history is closed')
    const t = Math.round(this.#now() * 1_000) / 1_000
    this.#buffer += `{"t":${t},${JSON.stringify(event).slice(1)}\n`
    this.#lines += 1
    if (this.#buffer.length >= BUFFERED_CHARACTERS) this.flush()
  }

  /** Hands everything written so far to the operating system. */
  flush(): void {
    const bytes = Buffer.from(this.#buffer)
    this.#buffer = ''
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#file, bytes, written)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    try {
      this.flush()
    } finally {
      closeSync(this.#file)
    }
  }
}
