/** Delays that grow from try to try. */
export interface Backoff {
  /** The longest first delay, in ms. */
  readonly baseMs: number
  readonly factor: number
  /** No delay is longer, in ms. */
  readonly capMs: number
}

/** 1 s, 1.5 s, … 30 s. Source: the JSON contract. */
export const reconnectBackoff: Backoff = { baseMs: 1000, factor: 1.5, capMs: 30_000 }
export const resendBackoff: Backoff = { baseMs: 500, factor: 2, capMs: 15_000 }

/**
 * Full jitter: a delay in ms, uniform below the bound of this try, so that clients which were cut off together
 * come back spread out. `failures` is 0 for the first delay; `random` answers in [0, 1).
 */
export const jittered = (backoff: Backoff, failures: number, random: () => number): number =>
  random() * Math.min(backoff.capMs, backoff.baseMs * backoff.factor ** failures)
