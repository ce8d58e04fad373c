import type { Msg, Subscription } from 'nats'
import type { Feed } from '../protocol/ids.ts'
import { delay } from '../runtime/backoff.ts'
import type { Logger } from '../runtime/logger.ts'
import type { LogSubscription } from './message-log.ts'
import { type EntryHandler, NatsFeed } from './nats-feed.ts'
import type { LogParts } from './nats-log-parts.ts'
import { header, live, nameOf, type StoredMessage, seqOf } from './nats-stream.ts'

/** Subjects in one comparison; JetStream answers at most 1,024, and the head is one. */
const CHUNK = 1_000
/** A copy that is on its way is not missing yet. */
const GRACE_MS = 100

/** All feeds that this process follows: one subscription for each, however many follow it. */
export class NatsFeeds {
  readonly #parts: LogParts
  readonly #logger: Logger
  readonly #feeds = new Map<Feed, { readonly feed: NatsFeed; readonly subscription: Subscription }>()
  /** The log's last seq when every feed was last known to be complete. */
  #compared = 0

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

  get anyStarting(): boolean {
    return this.#starting().length > 0
  }

  /**
   * Begins new feeds at the log's end as it is now, when their subscriptions are in force: what is stored later
   * comes live, or is found missing.
   */
  async begin(): Promise<void> {
    const starting = this.#starting()
    if (starting.length === 0) return
    const { retries, head } = this.#parts
    const last = await retries.run('the end of the log', () => head.check())
    for (const feed of starting) feed.begin(last?.seq ?? 0)
  }

  /** Compares all feeds with the log and fetches what never came, at once or after a grace. */
  async compare(head: StoredMessage | undefined, graceMs = GRACE_MS): Promise<void> {
    if (!head || head.seq === this.#compared) return
    const feeds = [...this.#feeds.values()].map(({ feed }) => feed).filter(feed => !feed.starting)
    for (let from = 0; from < feeds.length; from += CHUNK) {
      const subjects = feeds.slice(from, from + CHUNK).map(({ subject }) => subject)
      const seqs = await this.#parts.stream.lastSeqs(subjects, this.#compared + 1, head)
      // The head is gone again (a renewed claim): the next comparison has another.
      if (!seqs) return
      void this.#reach(seqs, graceMs)
    }
    this.#compared = head.seq
  }

  async #reach(seqs: ReadonlyMap<string, number>, graceMs: number): Promise<void> {
    const behind = [...seqs].flatMap(([subject, seq]) => {
      const feed = this.#feeds.get(nameOf(subject))?.feed
      return feed?.isBehind(seq) ? [{ feed, seq }] : []
    })
    if (behind.length > 0 && graceMs > 0) await delay(graceMs)
    for (const { feed, seq } of behind) feed.reach(seq)
  }

  #starting(): NatsFeed[] {
    return [...this.#feeds.values()].map(({ feed }) => feed).filter(feed => feed.starting)
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
    return followed
  }
}
