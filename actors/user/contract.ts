import type { AuditEvent } from '../../protocol/audit.ts'
import type { DevicePolicy } from '../../protocol/device-policy.ts'
import type { Content, DirectEntry, Entry } from '../../protocol/entries.ts'
import type { Reason } from '../../protocol/errors.ts'
import type { Feed, GroupId, Recipient, UserId } from '../../protocol/ids.ts'
import type { OfflineSummary } from '../../protocol/offline.ts'
import type { Presence, PresenceStatus } from '../../protocol/presence.ts'
import type { ReplayOutcome } from '../../storage/audit-store.ts'

/**
 * The user's actor, as gateways see it. It alone decides which connections are the user's.
 *
 * - Every call for a connection names it; a connection that is not (or no longer) in the route is answered
 *   `kicked`, `session_invalid` or `unbound` and nothing of the call is done.
 * - A gateway has one call under way for a connection, so frames are handled in the order they were sent.
 * - Repeating a call is harmless: sends are known by their clientMsgId, cursors only grow, a bind of a bound
 *   connection answers as before.
 */
export interface UserContract {
  /** Makes the connection part of the route and closes those that it replaces; on other terms, anew. */
  bind(args: Binding): BindResult
  /** Confirms a bound connection after a doubt (a lost host, a NATS disconnection, a stall). */
  touch(args: ConnectionRef & { readonly presence?: PresenceStatus }): TouchResult
  /** Takes a closed connection out of the route; any other is left alone. */
  unbind(args: ConnectionRef): null
  /** Handles frames in order. */
  handle(args: ConnectionRef & { readonly ops: readonly Op[] }): HandleResult
  /** Sends without a connection, as REST clients do. */
  post(args: { readonly ops: readonly SendOp[] }): readonly OpResult[]
  /** Whether a token with this session version is good; a higher one raises the user's. */
  checkSession(args: { readonly sv: number }): SessionCheck
  /** The row is at `sv` by what `origin` says: connections of lower ones are out when this answers. */
  sessionRaised(args: { readonly sv: number; readonly origin: SessionOrigin }): null
  /** Conversations with something unread. */
  unread(args: null): readonly Unread[]
  /** The same with the newest of what is unread, the conversation it is in first. */
  offlineSummary(args: null): readonly OfflineSummary[]
  /** Unread messages of one of the user's conversations, newest first. */
  offlineMessages(args: { readonly conversation: string; readonly limit: number }): OfflineMessages
  /** How these users are there, in their order: 1–100. */
  presence(args: { readonly users: readonly UserId[] }): readonly Presence[]
  /** The operation `acknowledge` without a connection. */
  acknowledgeRead(args: Acknowledgement): AcknowledgeResult
  /** Stores an entry of the user's that could not be saved, at its own place in the log. */
  replay(args: Replay): ReplayResult
}

/** `busy`: what the user has sent is not all saved yet; the same may be asked again. */
export type ReplayResult = ReplayOutcome | { readonly outcome: 'busy' }

/** A dead letter's place and content, and what the audit keeps of its replay. */
export interface Replay {
  readonly seq: number
  readonly feed: Feed
  readonly entry: Entry
  readonly event: AuditEvent
}

/** Who opened or ended sessions, from where; `id` names it for repeats. */
export interface SessionOrigin {
  readonly event: 'login' | 'logout'
  readonly id: string
  readonly gatewayId: string
  readonly address?: string
}

export interface ConnectionRef {
  readonly connId: string
  readonly sv: number
  readonly device: string
}

export interface Binding extends ConnectionRef, DeliveryTerms {
  readonly gatewayId: string
  /** Who stays when it is bound, by its token; without it by the server's setting. */
  readonly policy?: DevicePolicy
}

/** What a wire protocol's clients are pushed. */
export interface DeliveryTerms {
  /** Messages of a feed that may be pushed and not yet acknowledged. */
  readonly outstanding: number
  /** All feeds have this room together, not each for itself. */
  readonly together?: true
  /**
   * Bodies of more UTF-16 units are large: those on their way at a time are bounded, and the operation `taken` says of
   * each that it no longer is. Without it no body is large.
   */
  readonly large?: number
  /**
   * False: only what is stored from now on is pushed, once and without waiting for acknowledgements, and no delivered
   * cursor moves. A summary of what is unread comes with the bind, and whenever another owner takes over.
   */
  readonly resend?: false
}

export type BindResult = Attached | Refused
export type TouchResult = Attached | Refused
export type HandleResult = { readonly ok: true; readonly results: readonly OpAnswer[] } | Refused
export type SessionCheck = { readonly ok: true } | { readonly ok: false; readonly reason: 'session_invalid' }

export interface Attached {
  readonly ok: true
  readonly hostId: string
  /** The connection's pushes carry this epoch and count from `n` + 1. */
  readonly epoch: number
  readonly n: number
}

/** `unbound`: the route has no such connection and none in its place; the client may connect again. */
export interface Refused {
  readonly ok: false
  readonly reason: 'kicked' | 'session_invalid' | 'unbound'
}

export type Op =
  | SendOp
  | DeliveredOp
  | ReadOp
  | AcknowledgeOp
  | RevokeOp
  | JoinRequestOp
  | JoinDecisionOp
  | CustomerSessionOp
  | SyncOp
  | TakenOp
  | PresenceOp
  | PresenceQueryOp

export type SendOp = Content & { readonly op: 'send'; readonly clientMsgId: string } & Recipient

/** `upTo`: this message and all pushed before it in its feed, by whichever owner. */
export interface DeliveredOp {
  readonly op: 'delivered'
  readonly seq: number
  readonly upTo?: boolean
}

export interface ReadOp {
  readonly op: 'read'
  readonly seq: number
}

/** Takes back the message `seq`; answered with the message's seq. */
export interface RevokeOp {
  readonly op: 'revoke'
  readonly seq: number
  readonly clientMsgId: string
}

/** Asks owner and admins of a group to be let in. */
export interface JoinRequestOp {
  readonly op: 'join-request'
  readonly group: GroupId
  readonly clientMsgId: string
  readonly body: string
}

/** `opId` names it for repeats. */
export interface JoinDecisionOp {
  readonly op: 'join-decision'
  readonly group: GroupId
  readonly to: UserId
  readonly accept: boolean
  readonly opId: string
}

export interface AcknowledgeOp extends Acknowledgement {
  readonly op: 'acknowledge'
}

/** Messages of a conversation to the user that are read now: those named, or all there are. */
export interface Acknowledgement {
  readonly conversation: string
  /** Each its sender's own id or a serverMsgId; at most 1,000. One that is unknown refuses all. */
  readonly messages: 'all' | readonly string[]
}

/** What a customer or an agent does with a customer session; the gateway knows who is an agent. */
export type CustomerSessionOp =
  | { readonly op: 'session.open' }
  | { readonly op: 'session.take'; readonly sessionId: string }
  | { readonly op: 'session.close'; readonly sessionId: string; readonly closeReason?: string }

/** Asks for the direct messages to the user with a seq > `after`. */
export interface SyncOp {
  readonly op: 'sync'
  readonly after: number
}

/** The large message `seq` no longer waits in the gateway: there is room for the next. */
export interface TakenOp {
  readonly op: 'taken'
  readonly seq: number
}

/**
 * How the connection is there, until it says otherwise; each begins online. The user is as present as the most
 * present of the connections. `offline` is to appear so: the connection goes on as before.
 */
export interface PresenceOp {
  readonly op: 'presence'
  readonly status: PresenceStatus
}

/**
 * Asks how these users are there: 1–100. The answers are pushed to the connection as `presence` events, one a user in
 * their order, after every later state that it has been told.
 */
export interface PresenceQueryOp {
  readonly op: 'presence-query'
  readonly users: readonly UserId[]
}

/** Null answers an operation that succeeded and has nothing to say. */
export type OpResult = Sent | { readonly reason: Reason } | null

/** What a connection's operation is answered with. */
export type OpAnswer = OpResult | Synced

/** In order, at most 100 and not too large together. `hasMore`: the page is full, and more may lie after it. */
export interface Synced {
  readonly messages: readonly SyncedMessage[]
  readonly hasMore: boolean
}

export interface SyncedMessage {
  readonly seq: number
  readonly entry: DirectEntry
  readonly status: MessageStatus
}

/** How far a message to the user has come; it only grows. */
export type MessageStatus = 'sent' | 'delivered' | 'read'

export interface Sent {
  readonly seq: number
  /** ms since 1970, of the entry as first accepted. */
  readonly ts: number
}

export interface Unread {
  readonly conversation: string
  readonly unread: number
}

export type AcknowledgeResult = {
  readonly reason: 'message_not_found' | 'too_many_beyond_cursor'
} | null

export interface OfflineMessages {
  readonly messages: readonly OfflineMessage[]
  readonly hasMore: boolean
}

export interface OfflineMessage {
  /** Its sender's own id, or the serverMsgId where that is not kept. */
  readonly msgId: string
  readonly seq: number
  readonly brief: string
  /** ms since 1970 */
  readonly ts: number
}
