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

/** Pushes a feed to one connection, in order: first what lies after the cursor, then what comes. */
export class FeedPump {
  readonly delivery: Delivery
  readonly #feed: Feed
  readonly #reader: FeedReader
  readonly #send: (entry: LogEntry) => void
  readonly #logger: Logger
  #state: PumpState = 'behind'
  #lastLive = 0
  #failures = 0

  constructor(options: {
    feed: Feed
    delivery: Delivery
    reader: FeedReader
    send: (entry: LogEntry) => void
    logger: Logger
  }) {
    this.#feed = options.feed
    this.delivery = options.delivery
    this.#reader = options.reader
    this.#send = options.send
    this.#logger = options.logger
  }

  /** Takes an entry that has just been stored. */
  live(entry: LogEntry): void {
    this.#lastLive = entry.seq
    if (this.#state !== 'live' || entry.seq <= this.delivery.lastPushed) return
    if (this.delivery.room > 0) this.#push(entry)
    else this.#state = 'behind'
  }

  /** Pushes what there is room for; to be called at the start and when room was made. */
  resume(): void {
    if (this.#state === 'behind' && this.delivery.room > 0) void this.#catchUp()
  }

  stop(): void {
    this.#state = 'stopped'
  }

  #push(entry: LogEntry): void {
    if (this.delivery.push(entry)) this.#send(entry)
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
    const limit = Math.min(PAGE, this.delivery.room)
    if (limit === 0) {
      this.#state = 'behind'
      return
    }
    const page = await this.#reader.read(this.#feed, this.delivery.lastPushed, limit)
    if (this.#stopped) return
    for (const entry of page) this.#push(entry)
    if (page.length < limit && this.#lastLive <= this.delivery.lastPushed) this.#state = 'live'
  }

  get #stopped(): boolean {
    return this.#state === 'stopped'
  }
}
