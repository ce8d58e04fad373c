/** Work that many ask for at once: those who ask while it runs share one more run, which begins when it has ended. */
export class SharedRun<T> {
  readonly #work: () => Promise<T>
  #running: Promise<T> | undefined
  #next: Promise<T> | undefined

  constructor(work: () => Promise<T>) {
    this.#work = work
  }

  /** Settles as a run does that has begun after the call. */
  run(): Promise<T> {
    if (this.#next) return this.#next
    if (!this.#running) return this.#start()
    this.#next = this.#running.then(
      () => this.#start(),
      () => this.#start(),
    )
    return this.#next
  }

  #start(): Promise<T> {
    this.#next = undefined
    const running = this.#work().finally(() => {
      this.#running = undefined
    })
    this.#running = running
    return running
  }
}
