import type { Feed } from '../protocol/ids.ts'
import { delay, fullJitter } from '../runtime/backoff.ts'
import type { Logger } from '../runtime/logger.ts'
import type { LogEntry } from './message-log.ts'
import { logEntry } from './nats-entries.ts'
import { type NatsStream, stored } from './nats-stream.ts'

/**
 * starting: where to begin is not known yet; `highest` is the last live copy that came meanwhile.
 * live: copies are delivered as they come. fetching: something is missing up to `target`, and what comes is left
 * to be fetched too.
 */
type FeedState =
  | { readonly kind: 'starting'; readonly highest: number }
  | { readonly kind: 'live' }
  | { readonly kind: 'fetching'; readonly target: number }
  | { readonly kind: 'stopped' }

/** Where what is missing is fetched. */
export type FeedSource = Pick<NatsStream, 'page'>

export type EntryHandler = (entry: LogEntry) => void

const PAGE = 256

/** One followed feed: its live copies in order, and what is missing among them fetched from the stream. */
export class NatsFeed {
  /** Under which the stream stores it. */
  readonly subject: string
  readonly #stream: FeedSource
  readonly #logger: Logger
  readonly #handlers: Set<EntryHandler> = new Set()
  #state: FeedState = { kind: 'starting', highest: 0 }
  /** Everything of the feed up to this seq was delivered, or stored before anybody followed. */
  #last = 0

  constructor(feed: Feed, stream: FeedSource, logger: Logger) {
    this.subject = stored(feed)
    this.#stream = stream
    this.#logger = logger
  }

  get starting(): boolean {
    return this.#state.kind === 'starting'
  }

  add(handler: EntryHandler): void {
    this.#handlers.add(handler)
  }

  /** True when nobody follows the feed any more. */
  remove(handler: EntryHandler): boolean {
    this.#handlers.delete(handler)
    if (this.#handlers.size > 0) return false
    this.#state = { kind: 'stopped' }
    return true
  }

  /** The subscription is in force since a moment when the log's last seq was `base`, or lower. */
  begin(base: number): void {
    if (this.#state.kind !== 'starting') return
    const { highest } = this.#state
    this.#last = base
    this.#state = { kind: 'live' }
    this.reach(highest)
  }

  /** A live copy; `previous` is the seq of the entry before it in this feed. */
  receive(seq: number, previous: number, payload: Uint8Array): void {
    if (this.#state.kind === 'starting') {
      this.#state = { kind: 'starting', highest: Math.max(seq, this.#state.highest) }
    } else if (this.#state.kind === 'live' && previous <= this.#last) {
      if (seq > this.#last) this.#deliver(seq, payload)
    } else {
      this.reach(seq)
    }
  }

  /** Whether an entry with this seq was neither delivered nor is being fetched. */
  isBehind(seq: number): boolean {
    if (this.#state.kind === 'fetching') return seq > this.#state.target
    return this.#state.kind === 'live' && seq > this.#last
  }

  /** An entry with this seq exists: fetches what was not delivered up to it. */
  reach(target: number): void {
    if (!this.isBehind(target)) return
    const fetching = this.#state.kind === 'fetching'
    this.#state = { kind: 'fetching', target }
    if (!fetching) void this.#fetch()
  }

  async #fetch(): Promise<void> {
    for (let failures = 0; this.#state.kind === 'fetching'; ) {
      const { target } = this.#state
      if (this.#last >= target) {
        this.#state = { kind: 'live' }
        return
      }
      try {
        await this.#fetchPage(target)
        failures = 0
      } catch (error) {
        this.#logger.debug({ err: error, subject: this.subject }, 'what is missing could not be fetched yet')
        await delay(10 + fullJitter(failures, 10, 1_000))
        failures += 1
      }
    }
  }

  async #fetchPage(target: number): Promise<void> {
    const page = await this.#stream.page(this.subject, this.#last + 1, target, PAGE)
    for (const { seq, payload } of page) {
      if (this.#state.kind !== 'fetching') return
      if (seq > this.#last) this.#deliver(seq, payload)
    }
    // The target itself is gone from the stream: saved long ago.
    if (page.length === 0) this.#last = target
  }

  #deliver(seq: number, payload: Uint8Array): void {
    this.#last = seq
    const entry = logEntry({ seq, subject: this.subject, payload }, this.#logger)
    if (!entry) return
    for (const handler of this.#handlers) this.#call(handler, entry)
  }

  #call(handler: EntryHandler, entry: LogEntry): void {
    try {
      handler(entry)
    } catch (error) {
      this.#logger.error({ err: error, subject: this.subject, seq: entry.seq }, 'a follower failed')
    }
  }
}
