import type { Bus } from './bus.ts'
import { subjects } from './subjects.ts'

/** What a saver tells after each commit and every 500 ms. */
export interface WatermarkNotice {
  /** Every entry with seq ≤ position is saved. */
  readonly position: number
}

/** The highest position heard of: everything up to it is in the database. It never goes back. */
export class Watermark {
  #position = 0
  readonly #listeners: ((position: number) => void)[] = []
  readonly #waiting = new Set<{ readonly position: number; readonly end: (reached: boolean) => void }>()

  constructor(bus: Bus) {
    bus.subscribe(subjects.watermark, message => this.advance((message.value as WatermarkNotice).position))
  }

  get position(): number {
    return this.#position
  }

  advance(position: number): void {
    if (position <= this.#position) return
    this.#position = position
    for (const listener of this.#listeners) listener(position)
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

  onAdvance(listener: (position: number) => void): void {
    this.#listeners.push(listener)
  }
}
