import type { AuditEvent } from '../protocol/audit.ts'

/**
 * Where actors tell what an auditor wants to know.
 *
 * - `record` only takes note: it never waits, throws or changes the outcome of what it reports.
 * - What was noted is written behind, in order, and repeated until it is, each event kept once.
 * - Lost are events over the limit of those waiting (while the log is away, say), and what still waits when a process
 *   dies or its orderly stop runs out of time. Both but the death are logged and counted.
 */
export interface AuditTrail {
  record(event: AuditEvent): void
}

/** Stores events, all or some of them; repeating a call with the same events does no harm. */
export type AuditWrite = (events: readonly AuditEvent[]) => Promise<void>
