interface Turn {
  run(): unknown
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** Runs turns one at a time, in the order of arrival. */
export class Mailbox {
  #waiting: Turn[] = []
  #running = false

  /** True when no turn runs or waits. */
  get empty(): boolean {
    return !this.#running
  }

  run<T>(turn: () => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ run: turn, resolve: resolve as (value: unknown) => void, reject })
      if (!this.#running) void this.#drain()
    })
  }

  async #drain(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      for (const turn of batch) {
        try {
          turn.resolve(await turn.run())
        } catch (error) {
          turn.reject(error)
        }
      }
    }
    this.#running = false
  }
}
