import type { Feed, Owner } from '../protocol/ids.ts'
import { delay } from '../runtime/backoff.ts'
import type { Logger } from '../runtime/logger.ts'
import { SharedRun } from '../runtime/shared-run.ts'
import type { AuditWrite } from './audit-trail.ts'
import type {
  Appended,
  Claim,
  Fence,
  LogEntry,
  LogSubscription,
  MessageLog,
  NewClaim,
  NewEntry,
} from './message-log.ts'
import { NatsAppends } from './nats-append.ts'
import { natsAuditWrite } from './nats-audit.ts'
import { NatsClaims } from './nats-claims.ts'
import { NatsComparison } from './nats-comparison.ts'
import type { NatsConnection } from './nats-connection.ts'
import { isClaim, logEntry } from './nats-entries.ts'
import type { EntryHandler } from './nats-feed.ts'
import { NatsFeeds } from './nats-feeds.ts'
import { type GateSettings, NatsGate } from './nats-gate.ts'
import { NatsHead } from './nats-head.ts'
import type { LogParts } from './nats-log-parts.ts'
import { NatsRetries } from './nats-retries.ts'
import { NatsStream, stored } from './nats-stream.ts'
import { waitForStream } from './nats-stream-config.ts'
import type { Watermark } from './watermark.ts'

export interface NatsLogOptions extends GateSettings {
  /** How long an append or a read is repeated before it is LogUnavailable, ms. */
  readonly deadlineMs?: number
  /** Between two comparisons with the log of what was delivered, ms. */
  readonly compareMs?: number
}

const DEADLINE_MS = 5_000
const COMPARE_MS = 5_000
/** Between two looks at a log that does not answer, or has gone back. */
const RECHECK_MS = 250
const READ_PAGE = 500

/** The log on the JetStream stream `IM`, as hosts use it; savers create the stream. */
export class NatsLog implements MessageLog {
  readonly savesOnAppend = false
  readonly #parts: LogParts
  readonly #logger: Logger
  readonly #compareMs: number
  readonly #appends: NatsAppends
  readonly #claims: NatsClaims
  readonly #feeds: NatsFeeds
  readonly #comparison: NatsComparison
  readonly #closed = new AbortController()
  readonly #flushing = new SharedRun(() => this.#flush())
  #wake = new AbortController()
  /** The connection is back: whatever came meanwhile was missed. */
  #urgent = false
  #beginning = false

  constructor(connection: NatsConnection, watermark: Watermark, options: NatsLogOptions, logger: Logger) {
    const stream = new NatsStream(connection)
    const retries = new NatsRetries(connection, options.deadlineMs ?? DEADLINE_MS)
    const gate = new NatsGate(watermark, options)
    const head = new NatsHead({ connection, stream, gate, watermark }, logger, () => this.#moved())
    this.#parts = { connection, stream, retries, gate, head }
    this.#logger = logger
    this.#compareMs = options.compareMs ?? COMPARE_MS
    this.#appends = new NatsAppends(this.#parts)
    this.#claims = new NatsClaims(this.#parts, logger)
    this.#feeds = new NatsFeeds(this.#parts, logger)
    this.#comparison = new NatsComparison(stream, [this.#feeds, this.#claims])
    connection.onState(state => {
      this.#claims.doubtAll()
      if (state === 'disconnected') {
        head.connectionLost()
      } else {
        this.#urgent = true
        this.#wake.abort()
      }
    })
    void this.#keepComparing()
  }

  /** Resolves once a saver has created the stream; rejects with LogUnavailable when none has in time. */
  ready(timeoutMs?: number): Promise<void> {
    return waitForStream(this.#parts.stream, timeoutMs)
  }

  lastClaim(owner: Owner): Promise<Claim | undefined> {
    return this.#claims.last(owner)
  }

  isHeld(owner: Owner, token: string): Promise<boolean> {
    return this.#claims.isHeld(owner, token)
  }

  claim(owner: Owner, claim: NewClaim, expected: number): Promise<number> {
    return this.#claims.claim(owner, claim, expected)
  }

  watchClaims(owner: Owner, token: string, onSuperseded: () => void): LogSubscription {
    return this.#claims.watch(owner, token, onSuperseded)
  }

  append(fence: Fence, entries: readonly NewEntry[]): Promise<readonly Appended[]> {
    return this.#appends.append(fence, entries)
  }

  follow(feed: Feed, handler: EntryHandler): LogSubscription {
    const subscription = this.#feeds.follow(feed, handler)
    void this.#beginSoon()
    return subscription
  }

  /** From then on nothing is missed unnoticed. */
  flush(): Promise<void> {
    return this.#flushing.run()
  }

  /**
   * Asks the leader for the log's end and for new claims. An answer also proves that what was subscribed before is in
   * force: a server takes what a connection says in order.
   */
  async #flush(): Promise<void> {
    const [asked, confirmed] = await Promise.all([this.#feeds.begin(), this.#claims.confirm()])
    if (!asked && !confirmed) await this.#parts.connection.flush()
  }

  async read(feed: Feed, after: number, limit: number): Promise<readonly LogEntry[]> {
    const { stream, retries } = this.#parts
    return retries.run(`read of ${feed}`, async () => {
      const subject = stored(feed)
      const entries: LogEntry[] = []
      const last = await stream.lastIfAny(subject)
      let from = after + 1
      while (last && from <= last.seq && entries.length < limit) {
        const page = await stream.page(subject, from, last.seq, Math.min(limit - entries.length, READ_PAGE))
        // What was last a moment ago is gone: saved long ago, with all before it.
        if (page.length === 0) break
        for (const message of page) {
          const entry = logEntry(message, this.#logger)
          if (entry) entries.push(entry)
          from = message.seq + 1
        }
      }
      return entries
    })
  }

  async entry(seq: number): Promise<LogEntry | undefined> {
    const { stream, retries } = this.#parts
    const message = await retries.run(`entry ${seq}`, () => stream.message(seq))
    return message && !isClaim(message.subject) ? logEntry(message, this.#logger) : undefined
  }

  /** How this process's audit events get into the log. */
  get writeEvents(): AuditWrite {
    return natsAuditWrite(this.#parts)
  }

  /** Ends what runs in the background; the connection, which others use too, stays. */
  close(): void {
    this.#closed.abort()
    this.#urgent = true
    this.#wake.abort()
  }

  /**
   * Finds what was lost on the way: a live copy without a successor, a claim during a disconnection, a log that
   * has gone back. Every few seconds, and at once when the connection is back.
   */
  async #keepComparing(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      const urgent = this.#urgent
      this.#urgent = false
      const done = await this.#compare(urgent)
      if (!this.#urgent) await this.#pause(done && !this.#parts.head.behind ? this.#compareMs : RECHECK_MS)
    }
  }

  async #compare(urgent: boolean): Promise<boolean> {
    try {
      const head = await this.#parts.head.check()
      await this.#comparison.run(head, urgent)
      await this.flush()
      return true
    } catch (error) {
      this.#logger.debug({ err: error }, 'the log could not be compared with')
      return false
    }
  }

  async #pause(ms: number): Promise<void> {
    this.#wake = new AbortController()
    await delay(ms, this.#wake.signal).catch(() => {})
  }

  /** Has new feeds begin also when their follower does not flush; all that come in one tick together. */
  async #beginSoon(): Promise<void> {
    if (this.#beginning) return
    this.#beginning = true
    await delay(0)
    this.#beginning = false
    // What fails here is done by the next comparison.
    await this.flush().catch(() => {})
  }

  #moved(): void {
    this.#claims.doubtAll()
  }
}
