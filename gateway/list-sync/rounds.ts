/**
 * Work that answers everybody who asked before it began. One round runs at a time; who asks during it waits for
 * the next, which all that wait share.
 */
export class Rounds {
  readonly #work: () => Promise<void>
  #last: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  /** Rejects when the round fails. */
  next(): Promise<void> {
    if (this.#next) return this.#next
    const round = this.#last.then(() => {
      this.#next = undefined
      return this.#work()
    })
    this.#next = round
    this.#last = round.catch(() => undefined)
    return round
  }
}
