import type { LogEntry } from '../../messaging/message-log.ts'
import type { Feed } from '../../protocol/ids.ts'
import { fullJitter } from '../../runtime/backoff.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { FeedReader } from '../feed-reader.ts'
import type { Delivery } from './delivery.ts'

const PAGE = 100
const RETRY_BASE_MS = 100
const RETRY_CAP_MS = 5000

/**
 * `behind`: something may lie after what was pushed, and waits for room; `reading`: a page of it is being read;
 * `live`: all has been pushed, and what is stored next is pushed as it comes.
 */
type PumpState = 'behind' | 'reading' | 'live' | 'stopped'

/** For whom a feed is pumped. */
export interface Audience {
  send(entry: LogEntry): void
  /** How many more entries the connection may be pushed now, whatever the feed. */
  room(): number
  /** Whether the connection may be pushed this one now. */
  takes(entry: LogEntry): boolean
  /** Whether the entry is to be sent at all. */
  wants(entry: LogEntry): boolean
  /** Entries were passed over; all up to `cursor` is done with. */
  skipped(cursor: number): void
  /** Nothing after this seq is wanted. */
  end(): number
}

/** Pushes a feed to one connection, in order: first what lies after the cursor, then what comes. */
export class FeedPump {
  readonly delivery: Delivery
  readonly #feed: Feed
  readonly #reader: FeedReader
  readonly #audience: Audience
  readonly #logger: Logger
  #state: PumpState = 'behind'
  #lastLive = 0
  #failures = 0

  constructor(options: {
    feed: Feed
    delivery: Delivery
    reader: FeedReader
    audience: Audience
    logger: Logger
  }) {
    this.#feed = options.feed
    this.delivery = options.delivery
    this.#reader = options.reader
    this.#audience = options.audience
    this.#logger = options.logger
  }

  /** Takes an entry that has just been stored. */
  live(entry: LogEntry): void {
    this.#lastLive = entry.seq
    if (this.#state !== 'live' || entry.seq <= this.delivery.lastPushed) return
    if (this.#room > 0 && this.#audience.takes(entry)) this.#push(entry)
    else this.#state = 'behind'
  }

  /** Looks again for something after what was pushed, as when a feed that had ended goes on. */
  lookAgain(): void {
    if (this.#state === 'live') this.#state = 'behind'
    this.resume()
  }

  /** Pushes what there is room for; to be called at the start and when room was made. */
  resume(): void {
    if (this.#state === 'behind' && this.#room > 0) void this.#catchUp()
  }

  stop(): void {
    this.#state = 'stopped'
  }

  #push(entry: LogEntry): void {
    if (!this.#audience.wants(entry)) {
      this.delivery.skip(entry)
      this.#audience.skipped(this.delivery.cursor)
    } else if (this.delivery.push(entry)) this.#audience.send(entry)
  }

  async #catchUp(): Promise<void> {
    this.#state = 'reading'
    try {
      while (this.#state === 'reading') await this.#readPage()
      this.#failures = 0
    } catch (error) {
      if (this.#stopped) return
      this.#logger.warn({ err: error, feed: this.#feed }, 'feed not readable; trying again')
      this.#state = 'behind'
      setTimeout(() => this.resume(), fullJitter(this.#failures++, RETRY_BASE_MS, RETRY_CAP_MS)).unref()
    }
  }

  async #readPage(): Promise<void> {
    const limit = Math.min(PAGE, this.#room)
    if (limit <= 0) {
      this.#state = 'behind'
      return
    }
    const page = await this.#reader.read(this.#feed, this.delivery.lastPushed, limit)
    if (this.#stopped) return
    for (const entry of page) {
      if (this.#room <= 0 || !this.#audience.takes(entry)) {
        this.#state = 'behind'
        return
      }
      this.#push(entry)
    }
    const { lastPushed } = this.delivery
    const read = page.length < limit && this.#lastLive <= lastPushed
    if (read || lastPushed >= this.#audience.end()) this.#state = 'live'
  }

  get #room(): number {
    return Math.min(this.delivery.room, this.#audience.room())
  }

  get #stopped(): boolean {
    return this.#state === 'stopped'
  }
}
