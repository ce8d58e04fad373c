/** Runs the jobs of one key one after another, in the order they came; jobs of different keys side by side. */
export class KeyedTurns {
  readonly #last = new Map<string, Promise<unknown>>()
  #size = 0

  /** Jobs running and waiting. */
  get size(): number {
    return this.#size
  }

  async run<T>(key: string, job: () => Promise<T>): Promise<T> {
    this.#size++
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(job)
    const settled = turn.then(ignore, ignore)
    this.#last.set(key, settled)
    try {
      return await turn
    } finally {
      this.#size--
      if (this.#last.get(key) === settled) this.#last.delete(key)
    }
  }
}

const ignore = (): void => undefined
