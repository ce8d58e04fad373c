const LEAST_MS = 250
const MOST_MS = 2000
/** Weights of the newest answer, as those of RFC 6298 but smaller: here are thousands of answers a second. */
const MEAN_GAIN = 1 / 32
const DEVIATION_GAIN = 1 / 16

/**
 * How long an answer may take before it is taken for lost, from how long answers have taken: under load all of them
 * are late, and asking again for what is only late is what turns a crowd into a collapse.
 */
export class Patience {
  #mean = 0
  #deviation = 0

  /** ms */
  get ms(): number {
    return Math.min(MOST_MS, Math.max(LEAST_MS, this.#mean + 4 * this.#deviation))
  }

  /** An answer has come so long after it was first asked for, ms. */
  answered(tookMs: number): void {
    const off = tookMs - this.#mean
    this.#mean += off * MEAN_GAIN
    this.#deviation += (Math.abs(off) - this.#deviation) * DEVIATION_GAIN
  }
}
