import type { Content } from '../../protocol/entries.ts'
import type { Reason } from '../../protocol/errors.ts'
import type { GroupId, Recipient, UserId } from '../../protocol/ids.ts'

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
  /** Makes the connection part of the route and closes those that it replaces. */
  bind(args: Binding): BindResult
  /** Confirms a bound connection after a doubt (a lost host, a NATS disconnection, a stall). */
  touch(args: ConnectionRef): TouchResult
  /** Takes a closed connection out of the route; any other is left alone. */
  unbind(args: ConnectionRef): null
  /** Handles frames in order. */
  handle(args: ConnectionRef & { readonly ops: readonly Op[] }): HandleResult
  /** Sends without a connection, as REST clients do. */
  post(args: { readonly ops: readonly SendOp[] }): readonly OpResult[]
  /** Whether a token with this session version is good; a higher one raises the user's. */
  checkSession(args: { readonly sv: number }): SessionCheck
  /** The row has been raised to `sv`: connections of lower ones are out when this answers. */
  sessionRaised(args: { readonly sv: number }): null
  /** Conversations with something unread. */
  unread(args: null): readonly Unread[]
}

export interface ConnectionRef {
  readonly connId: string
  readonly sv: number
}

export interface Binding extends ConnectionRef {
  readonly gatewayId: string
  readonly device: string
  /** Messages of a feed that may be pushed and not yet acknowledged. */
  readonly outstanding: number
}

export type BindResult = Attached | Refused
export type TouchResult = Attached | Refused
export type HandleResult = { readonly ok: true; readonly results: readonly OpResult[] } | Refused
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

export type Op = SendOp | DeliveredOp | ReadOp | RevokeOp | JoinRequestOp | JoinDecisionOp

export type SendOp = Content & { readonly op: 'send'; readonly clientMsgId: string } & Recipient

/** `upTo`: this message and all pushed before it in its feed. */
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

/** Null answers an operation that succeeded and has nothing to say. */
export type OpResult = Sent | { readonly reason: Reason } | null

export interface Sent {
  readonly seq: number
  /** ms since 1970, of the entry as first accepted. */
  readonly ts: number
}

export interface Unread {
  readonly conversation: string
  readonly unread: number
}
