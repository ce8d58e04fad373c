export interface LimitOptions {
  /** Pieces of work that may be busy at once. */
  readonly atOnce: number
  /** What takes longer hangs more likely than it works: it gives its place to the next, ms. */
  readonly slowMs: number
  /** Pieces of work under way, those that hang included. */
  readonly most: number
  /** What fails keeps its place for so long: it is tried again, and must not come round the faster for failing, ms. */
  readonly failureMs?: number
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
    const giveWay = () => {
      if (isBusy) this.#busy--
      isBusy = false
      this.#next()
    }
    const leave = () => {
      this.#underWay--
      giveWay()
    }
    const slow = setTimeout(giveWay, this.#options.slowMs)
    try {
      const result = await work()
      leave()
      return result
    } catch (error) {
      const { failureMs = 0 } = this.#options
      if (failureMs > 0) setTimeout(leave, failureMs).unref()
      else leave()
      throw error
    } finally {
      clearTimeout(slow)
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
