export interface LimitOptions {
  /** Pieces of work that may be busy at once. */
  readonly atOnce: number
  /** What takes longer hangs more likely than it works: it gives its place to the next, ms. */
  readonly slowMs: number
  /** Pieces of work under way, those that hang included. */
  readonly most: number
}

/** Has work wait its turn, first come first served, so that a crowd is no more work at once than a few are. */
export class Limit {
  readonly #options: LimitOptions
  readonly #waiting: (() => void)[] = []
  #busy = 0
  #underWay = 0

  constructor(options: LimitOptions) {
    this.#options = options
  }

  /** Settles as the work does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isFull) await new Promise<void>(resolve => this.#waiting.push(resolve))
    else this.#enter()
    let isBusy = true
    const leave = () => {
      if (isBusy) this.#busy--
      isBusy = false
      this.#next()
    }
    const slow = setTimeout(leave, this.#options.slowMs)
    try {
      return await work()
    } finally {
      clearTimeout(slow)
      this.#underWay--
      leave()
    }
  }

  get #isFull(): boolean {
    const { atOnce, most } = this.#options
    return this.#waiting.length > 0 || this.#busy >= atOnce || this.#underWay >= most
  }

  #enter(): void {
    this.#busy++
    this.#underWay++
  }

  #next(): void {
    const { atOnce, most } = this.#options
    while (this.#busy < atOnce && this.#underWay < most) {
      const first = this.#waiting.shift()
      if (!first) return
      this.#enter()
      first()
    }
  }
}
