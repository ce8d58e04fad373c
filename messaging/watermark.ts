import type { Bus } from './bus.ts'
import { subjects } from './subjects.ts'

/** What a saver tells after each commit and every 500 ms. */
export interface WatermarkNotice {
  /** Every entry with seq ≤ position is saved, but for those named here. */
  readonly position: number
  /**
   * Entries of this commit that cannot be saved: told once, before any later position, so that who waits for one
   * can answer its sender with an error.
   */
  readonly refused?: readonly RefusedEntry[]
  /** A log that went back has lost what was accepted after `after` up to `upTo`. Told with every notice since. */
  readonly lost?: SeqRange
}

export interface RefusedEntry {
  readonly seq: number
  readonly sender?: string
  readonly clientMsgId?: string
}

export interface SeqRange {
  /** Exclusive. */
  readonly after: number
  /** Inclusive. */
  readonly upTo: number
}

export interface WatermarkListener {
  /** Called before the position passes them. */
  refused?(entries: readonly RefusedEntry[]): void
  /** Called before the position passes the range; once for each. */
  lost?(range: SeqRange): void
  advanced?(position: number): void
}

/** The highest position heard of: everything up to it is in the database. It never goes back. */
export class Watermark {
  #position = 0
  #lostUpTo = 0
  readonly #listeners: WatermarkListener[] = []
  readonly #waiting = new Set<{ readonly position: number; readonly end: (reached: boolean) => void }>()

  constructor(bus: Bus) {
    bus.subscribe(subjects.watermark, message => this.#onNotice(message.value as WatermarkNotice))
  }

  get position(): number {
    return this.#position
  }

  advance(position: number): void {
    if (position <= this.#position) return
    this.#position = position
    for (const listener of this.#listeners) listener.advanced?.(position)
    for (const waiting of this.#waiting) if (waiting.position <= position) waiting.end(true)
  }

  /** Resolves true once it has reached `position`, false when it has not within `timeoutMs`. */
  reached(position: number, timeoutMs: number): Promise<boolean> {
    if (position <= this.#position) return Promise.resolve(true)
    return new Promise(resolve => {
      const end = (reached: boolean) => {
        clearTimeout(timer)
        this.#waiting.delete(waiting)
        resolve(reached)
      }
      const waiting = { position, end }
      const timer = setTimeout(() => end(false), timeoutMs)
      this.#waiting.add(waiting)
    })
  }

  listen(listener: WatermarkListener): void {
    this.#listeners.push(listener)
  }

  #onNotice({ position, refused, lost }: WatermarkNotice): void {
    if (refused) for (const listener of this.#listeners) listener.refused?.(refused)
    if (lost && lost.upTo > this.#lostUpTo) {
      this.#lostUpTo = lost.upTo
      for (const listener of this.#listeners) listener.lost?.(lost)
    }
    this.advance(position)
  }
}
