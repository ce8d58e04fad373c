import type { UserId } from './ids.ts'

/** Whether somebody is there. `offline` is also what those are who do not want to be seen. */
export const presenceStatuses = ['online', 'away', 'offline'] as const
export type PresenceStatus = (typeof presenceStatuses)[number]

export const isPresenceStatus = (value: unknown): value is PresenceStatus =>
  presenceStatuses.some(status => status === value)

/** Users that one query may name. */
export const MAX_PRESENCE_USERS = 100

export interface Presence {
  readonly user: UserId
  readonly status: PresenceStatus
  /** ms since 1970, of the change to this status as far as it is known; else of the answer. */
  readonly ts: number
}
