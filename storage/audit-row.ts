import type { AuditEvent, AuditName } from '../protocol/audit.ts'
import { type Entry, isMessage, type NoticeEntry, type RevocationEntry } from '../protocol/entries.ts'
import { joinedBy } from '../protocol/groups.ts'
import type { UserId } from '../protocol/ids.ts'
import { chunked, placeholders } from './chunks.ts'
import type { Statement } from './statement.ts'

/** Rows of one statement. */
export const EVENTS_A_STATEMENT = 50

const COLUMNS =
  'event_id, event, user_id, by_id, at, group_id, conn_id, gateway_id, device, address, detail' as const

/** How an insert begins and ends, so that it leaves out what is there already. */
export interface InsertWords {
  readonly insert: string
  readonly ending?: string
}

export function* insertEvents(
  { insert, ending = '' }: InsertWords,
  events: readonly AuditEvent[],
): Generator<Statement> {
  for (const some of chunked(events, EVENTS_A_STATEMENT)) {
    yield {
      sql: `${insert} into audit_event (${COLUMNS}) values ${placeholders(some.length, 11)} ${ending}`,
      parameters: some.flatMap(valuesOf),
    }
  }
}

const valuesOf = (event: AuditEvent): (string | number | null)[] => [
  event.id,
  event.event,
  event.user,
  event.by,
  event.at,
  event.group ?? null,
  event.connId ?? null,
  event.gatewayId ?? null,
  event.device ?? null,
  event.address ?? null,
  event.detail === undefined ? null : JSON.stringify(event.detail),
]

/** A row as the database answers it. */
export interface AuditRow {
  readonly id: number
  readonly event_id: string
  readonly event: AuditName
  readonly user_id: UserId
  readonly by_id: UserId
  readonly at: number
  readonly group_id: string | null
  readonly conn_id: string | null
  readonly gateway_id: string | null
  readonly device: string | null
  readonly address: string | null
  readonly detail: string | null
}

export const eventOfRow = (row: AuditRow): AuditEvent & { readonly place: number } => ({
  kind: 'event',
  place: row.id,
  id: row.event_id,
  event: row.event,
  user: row.user_id,
  by: row.by_id,
  at: row.at,
  ...(row.group_id !== null && { group: row.group_id }),
  ...(row.conn_id !== null && { connId: row.conn_id }),
  ...(row.gateway_id !== null && { gatewayId: row.gateway_id }),
  ...(row.device !== null && { device: row.device }),
  ...(row.address !== null && { address: row.address }),
  ...(row.detail !== null && { detail: JSON.parse(row.detail) as Record<string, unknown> }),
})

/**
 * What an entry of the log is to an auditor: changes of groups, one event for each user whom one concerns, and
 * messages taken back. Being made of the entry where it is stored, it is never lost.
 */
export function eventsOf(seq: number, entry: Entry): readonly AuditEvent[] {
  if (isMessage(entry)) return []
  if (entry.kind === 'notice') return ofNotice(seq, entry)
  return entry.kind === 'revocation' ? [ofRevocation(seq, entry)] : []
}

function ofNotice(seq: number, { group, from, change, ts }: NoticeEntry): AuditEvent[] {
  const { event: _, ...detail } = 'users' in change ? { ...change, users: undefined } : change
  const users = usersOf(from, change)
  return users.map(user => ({
    kind: 'event',
    id: `${seq}:${user}`,
    event: `group-${change.event}`,
    user,
    by: from,
    at: ts,
    group,
    detail: { serverMsgId: String(seq), ...detail },
  }))
}

/** Who is concerned: those named; of a change of the group itself, who made it. */
function usersOf(from: UserId, change: NoticeEntry['change']): readonly UserId[] {
  if (change.event === 'created') return joinedBy(change, from)
  return 'users' in change && change.users ? change.users : [from]
}

const ofRevocation = (seq: number, { from, to, group, target, ts }: RevocationEntry): AuditEvent => ({
  kind: 'event',
  id: `${seq}:${from}`,
  event: 'message-revoked',
  user: from,
  by: from,
  at: ts,
  ...(group !== undefined && { group }),
  detail: { serverMsgId: String(target), ...(to !== undefined && { to }) },
})
