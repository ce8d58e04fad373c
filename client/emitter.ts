type Listener<Event> = (event: Event) => unknown

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

/** An error of a listener is nobody's but its own: it surfaces as uncaught, as with an EventTarget. */
function surface(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}

/** Typed events. Listeners run in the order in which they were added. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>()

  /** Adds a listener; the answer removes it. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  /** The answer, if any, resolves when the listeners that answered with a promise are done. It never rejects. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): Promise<unknown> | undefined {
    let unfinished: Promise<unknown>[] | undefined
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        const answer = (listener as Listener<Events[Name]>)(event)
        if (isThenable(answer)) {
          unfinished ??= []
          unfinished.push(Promise.resolve(answer).catch(surface))
        }
      } catch (error) {
        surface(error)
      }
    }
    return unfinished && Promise.all(unfinished)
  }
}
