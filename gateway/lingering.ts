/** A queue of which nobody waits for what is in it. */
export interface LingeringQueue {
  release(): void
}

/**
 * Has acknowledgements that nobody waits for leave together, those of all connections at once: the writes, wake-ups
 * and answers that each would cost by itself are then shared.
 */
export class Lingering {
  readonly #lingerMs: number
  #queues = new Set<LingeringQueue>()

  constructor(lingerMs: number) {
    this.#lingerMs = lingerMs
  }

  /** Calls the queue's `release` within `lingerMs`. */
  add(queue: LingeringQueue): void {
    if (this.#queues.size === 0) setTimeout(() => this.#release(), this.#lingerMs).unref()
    this.#queues.add(queue)
  }

  #release(): void {
    const queues = this.#queues
    this.#queues = new Set()
    for (const queue of queues) queue.release()
  }
}
