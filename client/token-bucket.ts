/** Tokens that come back with time: `burst` at most, `perSecond` of them each second. Infinity means no limit. */
export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #countedAt: number

  constructor(perSecond: number, burst: number, now: number) {
    this.#perMs = perSecond / 1000
    this.#burst = burst
    this.#tokens = burst
    this.#countedAt = now
  }

  /** Milliseconds until there is a token; 0 when there is one. */
  wait(now: number): number {
    if (now > this.#countedAt) {
      this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#countedAt) * this.#perMs)
      this.#countedAt = now
    }
    return this.#tokens >= 1 ? 0 : (1 - this.#tokens) / this.#perMs
  }

  /** Takes one, also when there is none: then the next come later. */
  take(): void {
    this.#tokens -= 1
  }

  /** The other side counted otherwise: start again from nothing. */
  drain(): void {
    if (Number.isFinite(this.#perMs)) this.#tokens = Math.min(this.#tokens, 0)
  }
}
