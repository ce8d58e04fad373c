import type { AuditEvent, AuditName } from '../protocol/audit.ts'
import type { Entry } from '../protocol/entries.ts'
import type { Feed, GroupId, UserId } from '../protocol/ids.ts'

/** What an auditor asks for. Every method is one transaction or one statement. */
export interface AuditStore {
  /** Keeps events, each once however often it is given. All or none of them. */
  add(events: readonly AuditEvent[]): Promise<void>
  /** Newest first; those before the place `before` (0: from the newest). */
  list(query: AuditQuery): Promise<readonly AuditedEvent[]>
  /** Deletes up to `limit` events from before `at` (ms since 1970), the oldest first. Answers how many. */
  forget(at: number, limit: number): Promise<number>
}

/** What is asked for only narrows: an event has to match all of it. */
export interface AuditQuery {
  readonly user?: UserId
  readonly by?: UserId
  readonly event?: AuditName
  readonly group?: GroupId
  readonly before: number
  readonly limit: number
}

/** `place`: in the table. It grows with time, but for events that came late. */
export interface AuditedEvent extends AuditEvent {
  readonly place: number
}

/**
 * Entries and events of the log that could not be saved or audited, by their seqs. What becomes of one is an event of
 * the audit, kept in the same transaction.
 */
export interface DeadLetterStore {
  /** In the order of their seqs, those after `after`. */
  list(after: number, limit: number): Promise<readonly DeadLetterRow[]>
  find(seq: number): Promise<DeadLetterRow | undefined>
  /**
   * Stores the entry that a letter holds at its own place in the log, where it is after all that came before it and
   * before all that came later, and removes the letter. One that its sender has stored under another seq since is not
   * stored twice. Whoever calls sees to it that the sender sends nothing meanwhile.
   */
  replayEntry(seq: number, feed: Feed, entry: Entry, event: AuditEvent): Promise<ReplayOutcome>
  /** The same for an audit event. */
  replayEvent(seq: number, stored: AuditEvent, event: AuditEvent): Promise<ReplayOutcome>
  /** Removes a letter for good. False when there is none. */
  drop(seq: number, event: AuditEvent): Promise<boolean>
}

export interface DeadLetterRow {
  readonly seq: number
  /** The full subject in the log. */
  readonly subject: string
  /** `<sender>:<clientMsgId>`, where it is known. */
  readonly dedupeId?: string
  /** Why it could not be saved. */
  readonly detail: string
  /** As it is in the log. */
  readonly payload: Uint8Array
  /** ms since 1970. */
  readonly at: number
}

/** `gone`: there is no such letter, or not any more. `refused`: it still cannot be saved; the letter stays. */
export type ReplayOutcome =
  | { readonly outcome: 'stored' | 'already_stored' | 'gone' }
  | { readonly outcome: 'refused'; readonly detail: string }
