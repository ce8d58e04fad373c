import type { Entry } from '../protocol/entries.ts'
import type { Feed, Owner } from '../protocol/ids.ts'

/**
 * The log as a saver reads it: everything, in one order.
 *
 * Guarantees, on every adapter:
 * - records come in the order of their seq, each once, and none is left out that the log holds: a gap between two
 *   seqs means that the log has nothing there any more (an older claim of an owner, a purged entry);
 * - a record that was yielded is what the log holds under that seq, on every replica;
 * - what cannot be decoded is yielded as `undecodable` and never ends the reading;
 * - nothing is acknowledged to the log: where to go on from is the reader's own knowledge, and any number of
 *   readers may read at the same time.
 */
export interface LogReader {
  /** The seq of the last record the log was given, 0 when there was none: also when that record is purged. */
  lastSeq(): Promise<number>
  /**
   * Yields what the log holds from `fromSeq` on, then what is stored later, until `signal` is aborted, which ends
   * the iteration without an error. A batch is what has arrived, at least one record and within the limits; it does
   * not wait to become full. While the consumer is busy with a batch at most a few more are kept in memory.
   * Throws LogUnavailable when the log is lost; the caller opens it again after what it has saved.
   */
  open(fromSeq: number, limits: BatchLimits, signal: AbortSignal): AsyncIterable<LogBatch>
  /** Removes entries with seq ≤ `upTo`; claims and events stay. Only for what is saved. Repeating it does no harm. */
  purgeSaved(upTo: number): Promise<void>
  /**
   * Gives the next record a seq > `position` and removes every record up to `position`, claims included, so that
   * all owners must claim again. Only when everything up to `position` is saved and the log has gone back behind
   * it. Repeating it, however late and by whomever, removes nothing beyond `position`.
   */
  moveBeyond(position: number): Promise<void>
  /**
   * Calls back with the highest seq that some process has seen, whenever one reports that the log's last seq is
   * lower (a restored or lost stream). It may be told again until the log has been moved.
   */
  onWentBack(handler: (highestSeen: number) => void): void
}

export interface BatchLimits {
  readonly maxRecords: number
  /** Of the records' payloads together; a single larger record comes alone. */
  readonly maxBytes: number
}

export interface LogBatch {
  readonly records: readonly LogRecord[]
}

export type LogRecord = EntryRecord | ClaimRecord | EventRecord | UndecodableRecord

/** An audit event, which an auditor reads: a saver passes it over. */
export interface EventRecord {
  readonly kind: 'event'
  readonly seq: number
  /** Size of the payload. */
  readonly bytes: number
}

export interface EntryRecord {
  readonly kind: 'entry'
  readonly seq: number
  readonly feed: Feed
  readonly entry: Entry
  /** Size of the payload. */
  readonly bytes: number
}

export interface ClaimRecord {
  readonly kind: 'claim'
  readonly seq: number
  readonly owner: Owner
}

export interface UndecodableRecord {
  readonly kind: 'undecodable'
  readonly seq: number
  /** The full subject in the log. */
  readonly subject: string
  /** As the sender gave it, where it can be read: `<sender>:<clientMsgId>` tells who waits for an answer. */
  readonly dedupeId?: string
  readonly payload: Uint8Array
  readonly detail: string
}
