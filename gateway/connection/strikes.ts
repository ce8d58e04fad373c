/** Counts what a connection did wrong in a sliding window. */
export class Strikes {
  readonly #limit: number
  readonly #windowMs: number
  #times: number[] = []

  /** `limit` in `windowMs` is where `add` says so. */
  constructor(limit: number, windowMs: number) {
    this.#limit = limit
    this.#windowMs = windowMs
  }

  /** Notes one at `now` (ms); true once the limit is reached. */
  add(now: number): boolean {
    this.#times = this.#times.filter(time => time > now - this.#windowMs)
    this.#times.push(now)
    return this.#times.length >= this.#limit
  }
}
