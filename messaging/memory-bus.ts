import { type Bus, type BusHandler, type BusSubscription, NoResponders, RequestTimeout } from './bus.ts'

/** Bus in one process. Values go over as they are, in the publisher's own tick. */
export class MemoryBus implements Bus {
  readonly #exact = new Map<string, Set<BusHandler>>()
  /** Subscriptions to `<prefix>.>`, by their prefix with its dot. */
  readonly #prefixes = new Map<string, Set<BusHandler>>()

  publish(subject: string, value: unknown): void {
    for (const handler of this.#receivers(subject)) handler({ subject, value })
  }

  request(subject: string, value: unknown, timeoutMs: number): Promise<unknown> {
    const receivers = this.#receivers(subject)
    if (receivers.length === 0) return Promise.reject(new NoResponders(subject))
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new RequestTimeout(subject)), timeoutMs)
      const respond = (answer: unknown) => {
        clearTimeout(timer)
        resolve(answer)
      }
      for (const handler of receivers) handler({ subject, value, respond })
    })
  }

  subscribe(subject: string, handler: BusHandler): BusSubscription {
    const [table, key] = subject.endsWith('.>')
      ? [this.#prefixes, subject.slice(0, -1)]
      : [this.#exact, subject]
    const handlers = table.get(key) ?? new Set()
    // A wrapper, so that the same function subscribed twice is two subscriptions.
    const own: BusHandler = message => handler(message)
    table.set(key, handlers.add(own))
    return {
      drain: () => {
        handlers.delete(own)
        if (handlers.size === 0 && table.get(key) === handlers) table.delete(key)
        return Promise.resolve()
      },
    }
  }

  flush(): Promise<void> {
    return Promise.resolve()
  }

  onState(): void {}

  close(): Promise<void> {
    this.#exact.clear()
    this.#prefixes.clear()
    return Promise.resolve()
  }

  #receivers(subject: string): BusHandler[] {
    const receivers = [...(this.#exact.get(subject) ?? [])]
    if (this.#prefixes.size > 0) {
      for (const [prefix, handlers] of this.#prefixes) {
        if (subject.startsWith(prefix)) receivers.push(...handlers)
      }
    }
    return receivers
  }
}
