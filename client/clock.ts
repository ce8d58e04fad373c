/** Time as the client sees it. Tests pass their own, so that no test waits for a real second. */
export interface Clock {
  /** Milliseconds that only grow; their zero means nothing. */
  now(): number
  /** Runs `run` once after `ms`. The answer cancels it. */
  after(ms: number, run: () => void): () => void
}

const LONGEST_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, LONGEST_TIMER_MS))
    return () => clearTimeout(timer)
  },
}

/** One timer that is set again and again: a client has a handful of them, never one a message. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #dueAt = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Rings after `ms` and forgets what was set before. */
  set(ms: number): void {
    this.clear()
    this.#dueAt = this.#clock.now() + ms
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined
      this.#dueAt = Number.POSITIVE_INFINITY
      this.#ring()
    })
  }

  /** Rings after `ms`, unless it is set to ring sooner. */
  within(ms: number): void {
    if (this.#clock.now() + ms < this.#dueAt) this.set(ms)
  }

  clear(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#dueAt = Number.POSITIVE_INFINITY
  }
}
