import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../../client/clock.ts'
import type { HomingClientOptions } from '../../../client/index.ts'

/** Resolves as soon as `condition` holds; mocha's time-out ends a wait in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn()
}

/** Time that stands still until the test moves it. */
export class ManualClock implements Clock {
  #now = 1_000_000
  #timers: { at: number; run: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter(each => each !== timer)
    }
  }

  /** How long until each timer that is set, in ms, shortest first. */
  get pending(): number[] {
    return this.#timers.map(timer => timer.at - this.#now).sort((a, b) => a - b)
  }

  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const next = this.#timers.filter(timer => timer.at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.#now = Math.max(this.#now, next.at)
      this.#timers = this.#timers.filter(timer => timer !== next)
      next.run()
    }
    this.#now = end
  }
}

const AT_ONCE = { baseMs: 2, factor: 1, capMs: 2 }

/**
 * A client that hardly waits before it tries again. Only its delays are short: a limit on how long an answer may take
 * that is short as well would find a busy machine's server dead.
 */
export const hasty = { reconnect: AT_ONCE, resend: AT_ONCE } satisfies Partial<HomingClientOptions>
