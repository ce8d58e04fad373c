/**
 * A history: what the clients of a drill did and saw, one JSON object a line, in the order in which it happened.
 *
 * All clients run in one process with one clock, so the order of lines is the order of events: an `invoke` is
 * written before its frame is sent, every other line after what it tells was seen.
 *
 * - `invoke`: asked for. `ok`: done, with its answer. `fail`: finally refused, so it never happened.
 * - `info`: of unknown outcome (it may still happen), or nothing that has an outcome. `ok` or `fail` may follow an
 *   unknown outcome when it is learned later.
 */
interface Named {
  /** The client, or what else wrote the line. Its sends in one conversation are in order. */
  readonly proc: string
}

interface Unknown {
  readonly type: 'invoke' | 'info'
}

interface Refused {
  readonly type: 'fail'
  readonly reason?: string
}

/** A message, named by its sender and `id`. An `id` invoked again is a repeat of the same message. */
interface SendFields extends Named {
  readonly f: 'send'
  /** `direct:<a>:<b>` or `group:<id>`. */
  readonly conv: string
  readonly from: string
  /** The clientMsgId. */
  readonly id: string
  /** On `ok` the connection that brought the answer, otherwise the one the client had. */
  readonly conn: string
}
export type SendEvent = SendFields & (Unknown | Refused | { readonly type: 'ok'; readonly seq: number })

/**
 * A message that reached its user: once for each user and device, so a client that starts anew leaves out (or
 * writes as `dup`) what an earlier one has received.
 */
export interface RecvEvent extends Named {
  readonly type: 'ok'
  readonly f: 'recv'
  readonly user: string
  readonly conn: string
  readonly conv: string
  readonly seq: number
  readonly id: string
  readonly from: string
}

/** A bind: `ok` when the server has confirmed the connection. Each bind has a `conn` of its own. */
interface LoginFields extends Named {
  readonly f: 'login'
  readonly user: string
  readonly conn: string
  readonly device?: string
  /** How many connections the user may have; 1 unless said otherwise. */
  readonly limit?: number
}
export type LoginEvent = LoginFields &
  (((Unknown | Refused) & { readonly sv?: number }) | { readonly type: 'ok'; readonly sv: number })

/** The read cursor moves to `upto`. The protocol has no answer to it: `ok` says that the client saw it applied. */
interface ReadFields extends Named {
  readonly f: 'read'
  readonly user: string
  readonly conv: string
  readonly upto: number
}
export type ReadEvent = ReadFields & (Unknown | Refused | { readonly type: 'ok' })

/** Asks for a conversation's unread count; 0 when the server lists none. */
interface UnreadFields extends Named {
  readonly f: 'unread'
  readonly user: string
  readonly conv: string
}
export type UnreadEvent = UnreadFields & (Unknown | Refused | { readonly type: 'ok'; readonly value: number })

/**
 * A change of a group's members. Each attempt is an event of its own, with a `proc` of its own: a repeat of one with
 * an unknown outcome may be refused because of it. Its notice tells where in the log it is.
 */
interface MembershipFields extends Named {
  /** `join`: `by` lets `users` in. `leave`: `by` goes, and is the only one of `users`. `remove`: `by` puts `users` out. */
  readonly f: 'join' | 'leave' | 'remove'
  readonly by: string
  readonly users: readonly string[]
  readonly conv: string
}
export type MembershipEvent = MembershipFields & (Unknown | Refused | { readonly type: 'ok' })

/** A group's notice that reached one of its members, once for each user and device as with `recv`. */
export interface NoticeEvent extends Named {
  readonly type: 'ok'
  readonly f: 'notice'
  readonly user: string
  readonly conn: string
  readonly conv: string
  readonly seq: number
  /** As on the wire: created, joined, left, removed, dissolved, or one that changes no membership. */
  readonly event: string
  readonly from: string
  /** Whom the notice names; a `created` one its members but the owner, a `left` one nobody. */
  readonly users: readonly string[]
}

/** A user's client says how the user is there; online until it says something. Asked for at once, done later. */
export interface StatusEvent extends Named {
  readonly type: 'info'
  readonly f: 'status'
  readonly user: string
  readonly status: string
}

/** What a user's connection was told of somebody's presence. */
export interface PresenceEvent extends Named {
  readonly type: 'ok'
  readonly f: 'presence'
  readonly user: string
  readonly conn: string
  /** Whose. */
  readonly of: string
  readonly status: string
  /** Of the change, as the server tells it: ms since 1970. */
  readonly ts: number
}

/** A repeat on the wire that the client kept from its user. */
export interface DupEvent extends Named {
  readonly type: 'info'
  readonly f: 'dup'
  readonly user: string
  readonly conn: string
  readonly seq: number
  readonly conv?: string
}

export interface FaultEvent extends Named {
  readonly type: 'info'
  readonly f: 'fault'
  readonly what: string
  readonly process: string
  readonly seed: number
}

/**
 * Every user has a connected client that has received all that is stored for the user, and nothing is under way:
 * no send is unsettled anywhere, no frame unhandled.
 */
export interface QuietEvent extends Named {
  readonly type: 'info'
  readonly f: 'quiet'
}

export type HistoryEvent =
  | SendEvent
  | RecvEvent
  | LoginEvent
  | ReadEvent
  | UnreadEvent
  | MembershipEvent
  | NoticeEvent
  | StatusEvent
  | PresenceEvent
  | DupEvent
  | FaultEvent
  | QuietEvent

/** In milliseconds of a monotonic clock, with fractions. */
interface Timed {
  readonly t: number
}

export type HistoryLine = HistoryEvent & Timed
export type SendLine = SendEvent & Timed
export type RecvLine = RecvEvent & Timed
export type LoginLine = LoginEvent & Timed
export type ReadLine = ReadEvent & Timed
export type UnreadLine = UnreadEvent & Timed
export type StatusLine = StatusEvent & Timed
export type PresenceLine = PresenceEvent & Timed
export type MembershipLine = MembershipEvent & Timed
export type NoticeLine = NoticeEvent & Timed
export type FaultLine = FaultEvent & Timed
