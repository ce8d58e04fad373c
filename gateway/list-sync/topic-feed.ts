import type { Bus, BusSubscription } from '../../messaging/bus.ts'
import { subjects } from '../../messaging/subjects.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Outbox, TopicEvent } from '../../storage/topics/topic-store.ts'
import { RecentEvents } from './recent-events.ts'
import { Rounds } from './rounds.ts'

/** Who is further behind than so many events gets the whole list. Source: the list sync contract. */
export const MAX_BEHIND = 500
/** Two gateways' broadcasts may overtake each other by so much; then what is missing is read. ms */
const GAP_PATIENCE_MS = 50
/** An event to 10,000 subscribers takes 0.2 s: after so long others of the process get their turn. ms */
const SLICE_MS = 20

export interface FeedListener {
  /** The event that follows the last one passed. */
  passed(event: TopicEvent): void
  /** Events cannot be passed one by one any more: too many were missed, or the table has been put back. */
  restarted(): void
}

/** What the broadcast of a change carries. */
export interface SyncNotice {
  readonly events: readonly TopicEvent[]
}

/**
 * A topic's events as one gateway passes them on: each id once, in order, whatever becomes of the broadcasts. The
 * position only moves over consecutive ids; what is missing is read from the table. It has none before the first
 * catch-up.
 */
export class TopicFeed {
  readonly #topic: string
  readonly #outbox: Outbox
  readonly #bus: Bus
  readonly #listener: FeedListener
  readonly #logger: Logger
  readonly #catchUps = new Rounds(() => this.#catchUp())
  /** Events beyond a gap, by id. */
  readonly #ahead = new Map<number, TopicEvent>()
  #recent: RecentEvents | undefined
  #floor = 0
  #subscription: BusSubscription | undefined
  #gap: NodeJS.Timeout | undefined
  /** Set while there is more to pass in the next turn of the event loop. */
  #nextSlice: Promise<void> | undefined

  constructor(topic: string, outbox: Outbox, bus: Bus, listener: FeedListener, logger: Logger) {
    this.#topic = topic
    this.#outbox = outbox
    this.#bus = bus
    this.#listener = listener
    this.#logger = logger
  }

  /** The last event passed; 0 before there is any. */
  get position(): number {
    return this.#recent?.position ?? 0
  }

  /** Everything committed before the call has been passed when it resolves. Rejects when the table cannot be read. */
  catchUp(): Promise<void> {
    return this.#catchUps.next()
  }

  /** What has been passed after an id; undefined when it is too far back, not retained, or of the future. */
  since(id: number): readonly TopicEvent[] | undefined {
    return id < this.#floor ? undefined : this.#recent?.since(id)
  }

  async close(): Promise<void> {
    clearTimeout(this.#gap)
    await this.#subscription?.drain()
  }

  async #catchUp(): Promise<void> {
    await this.#subscribe()
    const before = this.#recent?.position
    const { lastEventId, floor } = await this.#outbox.head(this.#topic)
    this.#floor = floor
    if (before === undefined || lastEventId < before || lastEventId - this.position > MAX_BEHIND)
      return this.#restart(lastEventId)
    if (lastEventId <= this.position) return
    const missed = await this.#outbox.read(this.#topic, this.position, MAX_BEHIND)
    this.#take(missed)
    while (this.#nextSlice && this.position < lastEventId) await this.#nextSlice
    // The table has lost events that nobody trimmed, or they have been trimmed since.
    if (this.position < lastEventId) await this.#restart(lastEventId)
  }

  /** In force before anything is read: what is committed later is heard of. */
  async #subscribe(): Promise<void> {
    if (this.#subscription) return
    this.#subscription = this.#bus.subscribe(subjects.sync(this.#topic), ({ value }) => {
      this.#hear((value as SyncNotice).events)
    })
    await this.#bus.flush()
  }

  async #restart(lastEventId: number): Promise<void> {
    const first = this.#recent === undefined
    const events = await this.#outbox.read(this.#topic, lastEventId - MAX_BEHIND, 2 * MAX_BEHIND)
    const position = Math.max(lastEventId, events.at(-1)?.id ?? 0)
    this.#recent = new RecentEvents(MAX_BEHIND, position, events)
    if (!first) {
      this.#logger.warn({ topic: this.#topic, position }, 'a topic’s feed starts over')
      this.#listener.restarted()
    }
    this.#takeAhead()
  }

  #hear(events: readonly TopicEvent[]): void {
    this.#take(events)
    if (this.#ahead.size === 0 || this.#gap) return
    this.#gap = setTimeout(() => {
      this.#gap = undefined
      if (this.#ahead.size > 0) this.catchUp().catch(error => this.#notCaughtUp(error))
    }, GAP_PATIENCE_MS)
  }

  /** So many that some have to be forgotten leave a gap, which is noticed like any other. */
  #take(events: readonly TopicEvent[]): void {
    if (this.#ahead.size + events.length > 2 * MAX_BEHIND) this.#ahead.clear()
    for (const event of events) this.#ahead.set(event.id, event)
    this.#takeAhead()
  }

  #takeAhead(): void {
    if (!this.#recent || this.#nextSlice) return
    const end = performance.now() + SLICE_MS
    for (;;) {
      const next = this.#ahead.get(this.#recent.position + 1)
      if (!next) break
      if (performance.now() > end) {
        this.#nextSlice = this.#takeLater()
        return
      }
      this.#recent.add(next)
      this.#ahead.delete(next.id)
      this.#listener.passed(next)
    }
    for (const id of this.#ahead.keys()) if (id <= this.#recent.position) this.#ahead.delete(id)
  }

  #takeLater(): Promise<void> {
    return new Promise(resolve => {
      setImmediate(() => {
        this.#nextSlice = undefined
        this.#takeAhead()
        resolve()
      })
    })
  }

  #notCaughtUp(error: unknown): void {
    this.#logger.warn({ err: error, topic: this.#topic }, 'a topic’s events cannot be read; trying again')
  }
}
