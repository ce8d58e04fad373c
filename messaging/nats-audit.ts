import type { AuditEvent } from '../protocol/audit.ts'
import type { AuditWrite } from './audit-trail.ts'
import { LogBusy } from './message-log.ts'
import { store } from './nats-append.ts'
import { rawHeaders } from './nats-bytes.ts'
import type { LogParts } from './nats-log-parts.ts'

/** Where the log keeps audit events. */
export const EVENT_SUBJECT = 'im.event'

/**
 * Writes events to the log's stream. They have no owner and so no fence: each tells of what a fenced append or a row
 * has already decided, and a superseded activation can only repeat what is true. Like appends they wait while the log
 * is behind or too much of it is unsaved, so that they never keep messages from their place in it.
 */
export function natsAuditWrite({ connection, gate, head }: LogParts): AuditWrite {
  const writeOne = async (event: AuditEvent) => {
    const headers = rawHeaders([['Nats-Msg-Id', dedupeIdOf(event)]])
    const { floor } = head
    const { seq, duplicate } = await store(connection, EVENT_SUBJECT, JSON.stringify(event), headers)
    if (!duplicate && seq <= floor) {
      head.wentBack(seq, floor)
      throw new LogBusy(`the log has gone back: an event was given ${seq} after ${floor} had been`)
    }
    gate.saw(seq)
  }
  return async events => {
    gate.check()
    await head.admit()
    await Promise.all(events.map(writeOne))
  }
}

/** Senders' ids begin with a user id, which has no such characters. */
const dedupeIdOf = ({ id }: AuditEvent): string => `(event):${encodeURIComponent(id)}`
