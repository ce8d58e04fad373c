import type { Msg, Subscription } from 'nats'
import type { Feed } from '../protocol/ids.ts'
import type { Logger } from '../runtime/logger.ts'
import type { LogSubscription } from './message-log.ts'
import type { Compared } from './nats-comparison.ts'
import { type EntryHandler, NatsFeed } from './nats-feed.ts'
import { header, seqOf } from './nats-headers.ts'
import type { LogParts } from './nats-log-parts.ts'
import { live, nameOf } from './nats-stream.ts'

/** A copy that is on its way is not missing yet. */
const GRACE_MS = 100

/** All feeds that this process follows: one subscription for each, however many follow it. */
export class NatsFeeds implements Compared {
  readonly #parts: LogParts
  readonly #logger: Logger
  readonly #feeds = new Map<Feed, { readonly feed: NatsFeed; readonly subscription: Subscription }>()
  /** Those that have not begun. */
  #starting: NatsFeed[] = []

  constructor(parts: LogParts, logger: Logger) {
    this.#parts = parts
    this.#logger = logger
  }

  follow(name: Feed, handler: EntryHandler): LogSubscription {
    const { feed, subscription } = this.#feeds.get(name) ?? this.#subscribe(name)
    // A wrapper, so that the same function that follows twice is called twice.
    const own: EntryHandler = entry => handler(entry)
    feed.add(own)
    return {
      stop: () => {
        if (!feed.remove(own) || this.#feeds.get(name)?.feed !== feed) return
        this.#feeds.delete(name)
        subscription.unsubscribe()
      },
    }
  }

  /**
   * Begins new feeds at the log's end as it is now, when their subscriptions are in force: what is stored later
   * comes live, or is found missing. False when there are none, and nothing was asked.
   */
  async begin(): Promise<boolean> {
    const starting = this.#starting
    if (starting.length === 0) return false
    this.#starting = []
    try {
      const { retries, head } = this.#parts
      const last = await retries.run('the end of the log', () => head.check())
      for (const feed of starting) feed.begin(last?.seq ?? 0)
      return true
    } catch (error) {
      this.#starting.push(...starting.filter(feed => feed.starting))
      throw error
    }
  }

  /** Where the feeds that have begun are stored. */
  subjects(): string[] {
    return [...this.#feeds.values()].flatMap(({ feed }) => (feed.starting ? [] : [feed.subject]))
  }

  /** Entries with these seqs exist: fetches what was not delivered, at once or when it had time to arrive. */
  found(seqs: ReadonlyMap<string, number>, urgent: boolean): void {
    const behind = [...seqs].flatMap(([subject, seq]) => {
      const feed = this.#feeds.get(nameOf(subject))?.feed
      return feed?.isBehind(seq) ? [{ feed, seq }] : []
    })
    if (behind.length === 0) return
    const reach = () => {
      for (const { feed, seq } of behind) feed.reach(seq)
    }
    if (urgent) reach()
    else setTimeout(reach, GRACE_MS)
  }

  #subscribe(name: Feed): { readonly feed: NatsFeed; readonly subscription: Subscription } {
    const { connection, stream, gate } = this.#parts
    const feed = new NatsFeed(name, stream, this.#logger)
    const receive = (msg: Msg) => {
      const seq = seqOf(msg)
      gate.saw(seq)
      feed.receive(seq, Number(header(msg, 'Nats-Last-Sequence')), msg.data)
    }
    const followed = { feed, subscription: connection.subscribe(live(name), receive) }
    this.#feeds.set(name, followed)
    this.#starting.push(feed)
    return followed
  }
}
