import type { CustomerSession } from './customer-session.ts'
import type { Entry } from './entries.ts'
import type { UserId } from './ids.ts'
import type { OfflineSummary } from './offline.ts'
import type { Presence, PresenceOrder } from './presence.ts'

/** What an actor pushes to a connection. Each wire protocol encodes these for its clients, or leaves them out. */
export type PushEvent =
  | EntryEvent
  | {
      readonly kind: 'receipt'
      readonly status: ReceiptStatus
      readonly seqs: readonly number[]
      readonly from: UserId
    }
  /** What waits, for connections to which nothing is resent. */
  | { readonly kind: 'summary'; readonly conversations: readonly OfflineSummary[] }
  | { readonly kind: 'session'; readonly session: CustomerSession }
  | PresenceEvent

/**
 * How somebody is there now: a change, with `answers` what a query is answered, or with `corrects` what is only for who
 * has been told otherwise.
 */
export type PresenceEvent = Presence & {
  readonly kind: 'presence'
  readonly answers?: true
  readonly corrects?: true
  /** Of the last word that the user's actor has said; for the gateway alone. */
  readonly order?: PresenceOrder
}

/** What a gateway is given for a connection. */
export type PushedEvent = PushEvent | PresenceOnlyEvent

/** Of all whom the connection has been told to be there, only these are. */
export interface PresenceOnlyEvent {
  readonly kind: 'presence-only'
  readonly users: readonly UserId[]
}

export type ReceiptStatus = 'delivered' | 'read'

export interface EntryEvent {
  readonly kind: 'entry'
  readonly seq: number
  readonly entry: Entry
}

let last: EntryEvent | undefined

/**
 * The event of a stored entry. Who follow a feed are told of an entry one after the other, so they share one object,
 * and what goes to many is told and encoded once.
 */
export function eventOf({ seq, entry }: { readonly seq: number; readonly entry: Entry }): EntryEvent {
  if (last?.entry !== entry) last = { kind: 'entry', seq, entry }
  return last
}
