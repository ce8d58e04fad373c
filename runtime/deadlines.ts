const SWEEP_MS = 100

interface Waiting {
  readonly at: number
  readonly expire: () => void
}

/** Ends waits that are past their deadline, to within 100 ms, with one timer for all of them. */
export class Deadlines {
  readonly #waiting = new Set<Waiting>()
  #timer: NodeJS.Timeout | undefined

  /** Settles as `work` does, or rejects with `overdue()` once `at` (ms since 1970) has passed. */
  race<T>(work: Promise<T>, at: number, overdue: () => Error): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = { at, expire: () => reject(overdue()) }
      this.#waiting.add(waiting)
      this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS).unref()
      work.then(resolve, reject).finally(() => this.#waiting.delete(waiting))
    })
  }

  #sweep(): void {
    const now = Date.now()
    for (const waiting of this.#waiting) {
      if (waiting.at > now) continue
      this.#waiting.delete(waiting)
      waiting.expire()
    }
    if (this.#waiting.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
