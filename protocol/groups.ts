import type { UserId } from './ids.ts'

/** Members of a group, its owner included. */
export const MAX_GROUP_MEMBERS = 10_000
/** Users that one change adds or removes: bounds the entry, its transaction and the frame that tells it. */
export const MAX_USERS_A_CHANGE = 1000
export const MAX_GROUP_NAME_CHARACTERS = 64
export const MAX_GROUP_ADMINS = 50
/** How long its sender may take a message back, ms. Source: the JSON contract, MESSAGE_REVOKE. */
export const REVOKE_WITHIN_MS = 120_000

export type Role = 'owner' | 'admin' | 'member'

/** Who comes in: those whom owner or admins add, or also those who ask and are accepted. */
export type EntryPolicy = 'invited' | 'approval'

/** What a notice says has happened; `event` is its name on the wire. */
export type GroupChange =
  | {
      readonly event: 'created'
      readonly name: string
      readonly policy: EntryPolicy
      /** Without the owner, who is the notice's sender. */
      readonly users: readonly UserId[]
    }
  | { readonly event: 'joined' | 'removed'; readonly users: readonly UserId[] }
  | { readonly event: 'left' }
  | { readonly event: 'role'; readonly users: readonly UserId[]; readonly role: 'admin' | 'member' }
  /** A member until a time (ms since 1970; 0: no longer), or without `users` the group (1: until said otherwise). */
  | { readonly event: 'muted'; readonly users?: readonly UserId[]; readonly until: number }
  | { readonly event: 'renamed'; readonly name: string }
  | { readonly event: 'dissolved' }

/** Who is in after the change and was not before. */
export function joinedBy(change: GroupChange, from: UserId): readonly UserId[] {
  if (change.event === 'created') return [from, ...change.users]
  return change.event === 'joined' ? change.users : []
}

/** Whether somebody is in after the change who was not before, or the other way round. */
export const changesMembers = ({ event }: GroupChange): boolean =>
  event === 'created' ||
  event === 'joined' ||
  event === 'removed' ||
  event === 'left' ||
  event === 'dissolved'

/** Whether the change ends this user's membership. */
export function endsMembership(change: GroupChange, from: UserId, user: UserId): boolean {
  switch (change.event) {
    case 'removed':
      return change.users.includes(user)
    case 'left':
      return from === user
    case 'dissolved':
      return true
    default:
      return false
  }
}
