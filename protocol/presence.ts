import type { UserId } from './ids.ts'

/** Whether somebody is there, the least present first. `offline` is also what those are who do not want to be seen. */
export const presenceStatuses = ['offline', 'away', 'online'] as const
export type PresenceStatus = (typeof presenceStatuses)[number]

export const isPresenceStatus = (value: unknown): value is PresenceStatus =>
  presenceStatuses.some(status => status === value)

/** Users that one query may name. */
export const MAX_PRESENCE_USERS = 100

/** Members of a group whose members hear of each other's presence. */
export const MAX_PRESENCE_GROUP = 100

export interface Presence {
  readonly user: UserId
  readonly status: PresenceStatus
  /** ms since 1970, of the change to this status as far as it is known; else of the answer. */
  readonly ts: number
}

/**
 * Where a word of a user's presence stands among all that the user's owners say. The epoch is that of the owner's claim
 * in the log and grows over all owners, n counts the changes of one.
 */
export interface PresenceOrder {
  readonly epoch: number
  readonly n: number
}

export const isBefore = (a: PresenceOrder, b: PresenceOrder): boolean =>
  a.epoch === b.epoch ? a.n < b.n : a.epoch < b.epoch

/** The more present of two. */
export const mostPresent = (a: PresenceStatus, b: PresenceStatus): PresenceStatus =>
  presenceStatuses.indexOf(a) > presenceStatuses.indexOf(b) ? a : b
