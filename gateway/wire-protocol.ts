import type { Op, Sent } from '../actors/user/contract.ts'
import type { Reason } from '../protocol/errors.ts'
import type { PushEvent } from '../protocol/events.ts'
import type { UserId } from '../protocol/ids.ts'

/**
 * One wire protocol: frames of its clients to what they ask for, and what the server says to frames.
 *
 * Guarantees of every codec: `decode` never throws and never costs more than its input's size; what it cannot
 * accept is a `refused` frame with a reason of the catalogue. Encoders answer undefined for what the protocol
 * does not say.
 */
export interface WireProtocol {
  readonly name: 'json'
  /** Messages of a feed that its clients take before they have acknowledged any. */
  readonly outstanding: number
  decode(data: Buffer, isBinary: boolean, user: UserId | undefined): ClientFrame
  authenticated(user: UserId): Wire
  authFailed(reason: AuthFailure): Wire
  pong(): Wire
  accepted(user: UserId, clientMsgId: string, sent: Sent): Wire
  saved(user: UserId, clientMsgId: string, sent: Sent): Wire
  /** The message `sent.seq` has been taken back. */
  revoked(user: UserId, clientMsgId: string, sent: Sent): Wire
  refused(reason: Reason, about: About): Wire
  event(event: PushEvent): readonly string[]
}

export type Wire = string | undefined
export type AuthFailure = 'missing_token' | 'invalid_token' | 'session_invalid'

/** What a refusal is about, as far as it is known. */
export interface About {
  readonly clientMsgId?: string
  readonly serverMsgId?: number | string
}

export type ClientFrame =
  | { readonly kind: 'ping' }
  /** `ordered`: after a refused send, refuse what follows in its conversation until it has been repeated. */
  | { readonly kind: 'auth'; readonly token: string | undefined; readonly ordered: boolean }
  | { readonly kind: 'reauth'; readonly token: string | undefined }
  | { readonly kind: 'op'; readonly op: Op }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly about: About }

/** The ids that a refusal of the frame repeats. */
export function aboutFrame(frame: ClientFrame): About {
  if (frame.kind === 'refused') return frame.about
  if (frame.kind !== 'op') return {}
  return aboutOp(frame.op)
}

export function aboutOp(op: Op): About {
  switch (op.op) {
    case 'send':
    case 'join-request':
      return { clientMsgId: op.clientMsgId }
    case 'delivered':
    case 'read':
      return { serverMsgId: op.seq }
    case 'revoke':
      return { clientMsgId: op.clientMsgId, serverMsgId: op.seq }
    case 'join-decision':
      return { clientMsgId: op.opId }
    default:
      return op satisfies never
  }
}
