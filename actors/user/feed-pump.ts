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
 * `live`: all has been pushed, and what is stored next is pushed as it comes; `ended`: all has been pushed up to the
 * feed's end for the user, and nothing is until it is looked at again.
 */
type PumpState = 'behind' | 'reading' | 'live' | 'ended' | 'stopped'

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
  /** Nothing after this seq is wanted: Infinity while the feed goes on for the user. */
  end(): number
}

/** Pushes a feed to one connection, in order: first what lies after the cursor, then what comes. */
export class FeedPump {
  readonly delivery: Delivery
  readonly #feed: Feed
  readonly #reader: Pick<FeedReader, 'read'>
  readonly #audience: Audience
  readonly #logger: Logger
  #state: PumpState = 'behind'
  #lastLive = 0
  /** It was to be looked again while a page was being read. */
  #again = false
  #failures = 0

  constructor(options: {
    feed: Feed
    delivery: Delivery
    reader: Pick<FeedReader, 'read'>
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
    if (entry.seq > this.#audience.end()) return
    this.#lastLive = entry.seq
    if (this.#state !== 'live' || entry.seq <= this.delivery.lastPushed) return
    if (this.#room <= 0 || !this.#audience.takes(entry)) {
      this.#state = 'behind'
      return
    }
    this.#push(entry)
    if (entry.seq >= this.#audience.end()) this.#state = 'ended'
  }

  /** Looks again for something after what was pushed: the feed ends for the user, or what had ended goes on. */
  lookAgain(): void {
    this.#again = true
    if (this.#state === 'live' || this.#state === 'ended') this.#state = 'behind'
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
    if (!this.#audience.wants(entry)) this.delivery.skip(entry)
    else if (this.delivery.push(entry)) {
      this.#audience.send(entry)
      return
    }
    this.#audience.skipped(this.delivery.cursor)
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
    this.#again = false
    const knownEnd = this.#audience.end()
    const page = await this.#reader.read(this.#feed, this.delivery.lastPushed, limit)
    if (this.#stopped) return
    for (const entry of page) {
      // Behind the end may lie what is for the user, only nobody has said so yet: it is not passed over.
      if (entry.seq > Math.min(knownEnd, this.#audience.end())) break
      if (this.#room <= 0 || !this.#audience.takes(entry)) {
        this.#state = 'behind'
        return
      }
      this.#push(entry)
    }
    if (this.#again) return
    const end = Math.min(knownEnd, this.#audience.end())
    const isLastPage = page.length < limit
    if ((isLastPage && knownEnd !== Number.POSITIVE_INFINITY) || (page.at(-1)?.seq ?? 0) >= end)
      this.#state = 'ended'
    else if (isLastPage && end === Number.POSITIVE_INFINITY && this.#lastLive <= this.delivery.lastPushed)
      this.#state = 'live'
  }

  get #room(): number {
    return Math.min(this.delivery.room, this.#audience.room())
  }

  get #stopped(): boolean {
    return this.#state === 'stopped'
  }
}
