import type { GroupId, UserId } from './ids.ts'

/** What an auditor can ask for. Group events are the notices of the groups' feeds, by their names. */
export const auditNames = [
  'login',
  'logout',
  'session-raised',
  'bound',
  'unbound',
  'kicked',
  'group-created',
  'group-joined',
  'group-removed',
  'group-left',
  'group-role',
  'group-muted',
  'group-renamed',
  'group-dissolved',
  'message-revoked',
  'dead-letter-replayed',
  'dead-letter-dropped',
] as const

export type AuditName = (typeof auditNames)[number]

/** Something that has happened, and is told once it has: who did what to whom, when and from where. */
export interface AuditEvent {
  readonly kind: 'event'
  /** Names it: the same event may be told several times, and is kept once. At most 190 characters. */
  readonly id: string
  readonly event: AuditName
  /** Whom it concerns. */
  readonly user: UserId
  /** Who did it. */
  readonly by: UserId
  /** ms since 1970, by the clock of who tells it. */
  readonly at: number
  readonly group?: GroupId
  readonly connId?: string
  readonly gatewayId?: string
  readonly device?: string
  /** Where a request came from. */
  readonly address?: string
  /** What else there is to say, for people. */
  readonly detail?: Readonly<Record<string, unknown>>
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** Whether a value of the log is one; what is only for people is not looked at. */
export function isAuditEvent(value: unknown): value is AuditEvent {
  if (typeof value !== 'object' || value === null) return false
  const { kind, id, event, user, by, at } = value as Partial<AuditEvent>
  const named = kind === 'event' && isText(id) && auditNames.some(name => name === event)
  return named && isText(user) && isText(by) && Number.isSafeInteger(at)
}
