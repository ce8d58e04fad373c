import { delay, pause } from '../runtime/backoff.ts'
import type { BatchLimits, LogBatch, LogReader, LogRecord } from './log-reader.ts'
import { LogUnavailable } from './message-log.ts'
import { decodeDedupeId } from './nats-append.ts'
import { EVENT_SUBJECT } from './nats-audit.ts'
import { jsonOf } from './nats-bytes.ts'
import type { NatsConnection } from './nats-connection.ts'
import { decodeEntry, isClaim } from './nats-entries.ts'
import { WENT_BACK, type WentBackNotice } from './nats-head.ts'
import { live, NatsStream, nameOf, type StoredMessage } from './nats-stream.ts'
import { orUnavailable } from './nats-unavailable.ts'

/** What is purged once it is saved: never claims, and events only once they are audited. */
const PURGED = ['im.direct.>', 'im.group.>']
const ANY_COPY = live('>')
/**
 * Between two gets: what is stored meanwhile comes as one batch, is one transaction and one word of the watermark.
 * Each of these costs as much as dozens of entries, so this, not the entries, is what a saver costs.
 */
const PAUSE_MS = 25
/** At its end the log is looked at again without a word of something new: that word may be lost. */
const LOOK_MS = 500

/**
 * Reads by direct gets from a seq on: any replica's answer is in order and complete as far as it goes, so there is
 * no consumer to lose or to reset. Unless it has much to catch up with it pauses between two gets, and at the log's
 * end until something is stored.
 */
export class NatsLogReader implements LogReader {
  readonly #connection: NatsConnection
  readonly #stream: NatsStream
  readonly #lookMs: number
  #losses = 0

  constructor(connection: NatsConnection, lookMs = LOOK_MS) {
    this.#connection = connection
    this.#lookMs = lookMs
    this.#stream = new NatsStream(connection)
    connection.onState(state => {
      if (state === 'disconnected') this.#losses += 1
    })
  }

  lastSeq(): Promise<number> {
    return orUnavailable(this.#stream.lastSeq())
  }

  async *open(fromSeq: number, limits: BatchLimits, signal: AbortSignal): AsyncIterable<LogBatch> {
    const losses = this.#losses
    let from = fromSeq
    let next = this.#fetch(from, limits)
    while (!signal.aborted) {
      const messages = await next.catch(error => {
        if (signal.aborted) return []
        throw error
      })
      // Another log may have been put in this one's place while the connection was lost.
      if (this.#losses > losses) throw new LogUnavailable('the connection was lost')
      from = (messages.at(-1)?.seq ?? from - 1) + 1
      if (isFull(messages, limits)) next = this.#fetch(from, limits)
      else if (messages.length > 0) next = this.#fetchLater(from, limits, signal)
      else next = this.#fetchStored(from, limits, signal)
      // It may fail while the consumer is still busy; then it is thrown when it is awaited.
      next.catch(() => {})
      for (const records of within(limits, messages.map(recordOf))) {
        if (signal.aborted) return
        yield { records }
      }
    }
  }

  async purgeSaved(upTo: number): Promise<void> {
    for (const filter of PURGED) {
      await orUnavailable(this.#stream.purge({ seq: upTo + 1, filter }))
    }
  }

  moveBeyond(position: number): Promise<void> {
    return orUnavailable(this.#stream.purge({ seq: position + 1 }))
  }

  onWentBack(handler: (highestSeen: number) => void): void {
    this.#connection.subscribe(WENT_BACK, msg => handler((jsonOf(msg.data) as WentBackNotice).seen))
  }

  async #fetchLater(from: number, limits: BatchLimits, signal: AbortSignal): Promise<StoredMessage[]> {
    await delay(PAUSE_MS, signal)
    return this.#fetch(from, limits)
  }

  /** What is stored next. The server takes in order what a connection says, so nothing falls between the two. */
  async #fetchStored(from: number, limits: BatchLimits, signal: AbortSignal): Promise<StoredMessage[]> {
    const stored = new AbortController()
    const word = this.#connection.subscribe(ANY_COPY, () => stored.abort())
    word.unsubscribe(1)
    try {
      const messages = await this.#fetch(from, limits)
      if (messages.length > 0) return messages
      await pause(this.#lookMs, AbortSignal.any([stored.signal, signal]))
    } finally {
      if (!stored.signal.aborted) word.unsubscribe()
    }
    return stored.signal.aborted ? this.#fetch(from, limits) : []
  }

  #fetch(from: number, { maxRecords, maxBytes }: BatchLimits): Promise<StoredMessage[]> {
    return orUnavailable(this.#stream.batch('>', Math.max(from, 1), maxRecords, maxBytes))
  }
}

function recordOf({ seq, subject, payload, dedupeId }: StoredMessage): LogRecord {
  if (isClaim(subject)) return { kind: 'claim', seq, owner: nameOf(subject) }
  if (subject === EVENT_SUBJECT) return { kind: 'event', seq, bytes: payload.length }
  try {
    return { kind: 'entry', seq, feed: nameOf(subject), entry: decodeEntry(payload), bytes: payload.length }
  } catch (error) {
    const detail = (error as Error).message
    const sender = dedupeId ? { dedupeId: decodeDedupeId(dedupeId) } : {}
    return { kind: 'undecodable', seq, subject, payload, detail, ...sender }
  }
}

/** The server had more than the limits let it send. */
const isFull = (messages: readonly StoredMessage[], { maxRecords, maxBytes }: BatchLimits): boolean =>
  messages.length >= maxRecords || messages.reduce((sum, { payload }) => sum + payload.length, 0) >= maxBytes

function bytesOf(record: LogRecord): number {
  if (record.kind === 'claim') return 0
  return record.kind === 'undecodable' ? record.payload.length : record.bytes
}

/** The server stops only after the message that goes over the limit. */
function* within(limits: BatchLimits, records: readonly LogRecord[]): Iterable<LogRecord[]> {
  let batch: LogRecord[] = []
  let bytes = 0
  for (const record of records) {
    const more = bytesOf(record)
    if (batch.length > 0 && bytes + more > limits.maxBytes) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(record)
    bytes += more
  }
  if (batch.length > 0) yield batch
}
