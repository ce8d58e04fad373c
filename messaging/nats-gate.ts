import { LogBusy } from './message-log.ts'
import type { Watermark } from './watermark.ts'

export interface GateSettings {
  /** UNSAVED_LIMIT, entries. */
  readonly unsavedLimit: number
  readonly unsavedAgeMs: number
}

const SAMPLE_MS = 1_000

/**
 * Closes when savers fall too far behind what this process has seen of the log: by number, or by the age of the
 * oldest unsaved entry, known to a second and from when this process first saw it or a later one.
 */
export class NatsGate {
  readonly #watermark: Watermark
  readonly #settings: GateSettings
  readonly #now: () => number
  #seen = 0
  /** What had been seen when, oldest first; only what is not saved yet. */
  #samples: { readonly seq: number; readonly at: number }[] = []

  constructor(watermark: Watermark, settings: GateSettings, now = () => performance.now()) {
    this.#watermark = watermark
    this.#settings = settings
    this.#now = now
  }

  /** The highest seq this process knows to exist or to have existed. */
  get seen(): number {
    return this.#seen
  }

  saw(seq: number): void {
    if (seq <= this.#seen) return
    this.#seen = seq
    const newest = this.#samples.at(-1)
    const now = this.#now()
    if (!newest || now - newest.at >= SAMPLE_MS) this.#samples.push({ seq, at: now })
  }

  /** Throws LogBusy while the gate is closed. */
  check(): void {
    const unsaved = this.#seen - this.#watermark.position
    if (unsaved > this.#settings.unsavedLimit) throw new LogBusy(`${unsaved} entries are not saved`)
    const age = this.#oldestUnsavedMs()
    if (age > this.#settings.unsavedAgeMs)
      throw new LogBusy(`an entry is not saved for ${Math.round(age)} ms`)
  }

  #oldestUnsavedMs(): number {
    const position = this.#watermark.position
    let oldest = this.#samples[0]
    while (oldest && oldest.seq <= position) {
      this.#samples.shift()
      oldest = this.#samples[0]
    }
    return oldest ? this.#now() - oldest.at : 0
  }
}
