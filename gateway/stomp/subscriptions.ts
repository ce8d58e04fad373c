/** The queues of a user, as `/user/queue/<name>`. Source: the STOMP contract; `presence` is beside it. */
export const queues = ['messages', 'heartbeat', 'session', 'offline-summary', 'reply', 'presence'] as const
export type Queue = (typeof queues)[number]

const PREFIX = '/user/queue/'
/** Subscriptions of one connection. */
const MAX_SUBSCRIPTIONS = 32
/** What is kept for a queue that nobody has subscribed yet: the newest. A lost push is in the offline lists. */
const MAX_KEPT = 200
const MAX_KEPT_CHARACTERS = 262_144

export interface Subscription {
  readonly id: string
  readonly queue: Queue
  /** Whether MESSAGE frames name what the client would acknowledge. */
  readonly acks: boolean
}

export type SubscribeOutcome =
  | { readonly ok: true; readonly kept: readonly string[] }
  | { readonly ok: false; readonly reason: 'not_your_queue' | 'too_many_subscriptions' }

/** Which of the user's queues a connection listens to, and what waits for one that it will. */
export class Subscriptions {
  readonly #byId = new Map<string, Subscription>()
  readonly #kept = new Map<Queue, string[]>()

  /** Adds or replaces a subscription. Answers what was kept for its queue, which is then its. */
  subscribe(id: string, destination: string, acks: boolean): SubscribeOutcome {
    const queue = queues.find(name => destination === PREFIX + name)
    if (queue === undefined) return { ok: false, reason: 'not_your_queue' }
    if (!this.#byId.has(id) && this.#byId.size >= MAX_SUBSCRIPTIONS)
      return { ok: false, reason: 'too_many_subscriptions' }
    this.#byId.set(id, { id, queue, acks })
    const kept = this.#kept.get(queue) ?? []
    this.#kept.delete(queue)
    return { ok: true, kept }
  }

  unsubscribe(id: string): void {
    this.#byId.delete(id)
  }

  get(id: string): Subscription | undefined {
    return this.#byId.get(id)
  }

  /** Who hears what is for a queue now. With nobody there, it is kept. */
  receivers(queue: Queue, body: string): readonly Subscription[] {
    const receivers = [...this.#byId.values()].filter(subscription => subscription.queue === queue)
    if (receivers.length === 0) this.#keep(queue, body)
    return receivers
  }

  #keep(queue: Queue, body: string): void {
    const kept = this.#kept.get(queue) ?? []
    this.#kept.set(queue, kept)
    kept.push(body)
    let characters = kept.reduce((sum, { length }) => sum + length, 0)
    while (kept.length > MAX_KEPT || characters > MAX_KEPT_CHARACTERS) characters -= kept.shift()?.length ?? 0
  }
}

export const destinationOf = (queue: Queue): string => PREFIX + queue
