import type { DeliveryTerms, Op, Sent, Synced } from '../../actors/user/contract.ts'
import type { Reason } from '../../protocol/errors.ts'
import type { PushEvent } from '../../protocol/events.ts'
import type { Recipient, UserId } from '../../protocol/ids.ts'
import type { Session } from '../auth/tokens.ts'
import type { WireData } from '../sockets/socket.ts'

export type { WireData }

/**
 * One wire protocol: frames of its clients to what they ask for, and what the server says to frames. A protocol
 * that remembers something of a connection is made for that connection; others are shared by all.
 *
 * Guarantees of every codec: `decode` never throws and never costs more than its input's size; what it cannot
 * accept is a `refused` frame with a reason of the catalogue. Encoders answer undefined for what the protocol
 * does not say, or not now.
 */
export interface WireProtocol {
  readonly name: 'json' | 'msgpack' | 'stomp'
  readonly delivery: DeliveryTerms
  /** What keeps a connection alive, where the protocol has signs of life of its own; else the settings and pings. */
  readonly liveness: Liveness | undefined
  /** Gives `take` the frames that a message of the socket completes, one after the other. */
  decode(data: Buffer, isBinary: boolean, user: UserId | undefined, take: TakeFrame): void
  /** `ref`, here and below: of the frame that is answered. */
  authenticated(session: Session, ref?: FrameRef): Wire
  authFailed(reason: AuthFailure, ref?: FrameRef): readonly WireData[]
  pong(): Wire
  accepted(user: UserId, clientMsgId: string, sent: Sent, ref?: FrameRef): Wire
  saved(user: UserId, to: Recipient, clientMsgId: string, sent: Sent, ref?: FrameRef): Wire
  /** The message `sent.seq` has been taken back. */
  revoked(user: UserId, clientMsgId: string, sent: Sent): Wire
  /** A page of messages that were sent to the user. */
  synced(page: Synced, ref?: FrameRef): Wire
  refused(reason: Reason, about: About): Wire
  event(event: PushEvent): readonly WireData[]
}

export type Wire = WireData | undefined
/** How a client has numbered a frame, where its protocol has answers name the frame that they are for. */
export type FrameRef = number | bigint
export type TakeFrame = (frame: ClientFrame) => void
export type AuthFailure = 'missing_token' | 'invalid_token' | 'session_invalid'

export interface Liveness {
  /** Sent this often; undefined: a ping of the socket's. */
  readonly beat: string | undefined
  readonly beatMs: number
  /** A client that sent nothing for so long is gone. */
  readonly idleMs: number
}

/** What a refusal is about, as far as it is known. */
export interface About {
  readonly clientMsgId?: string
  readonly serverMsgId?: number | string
  /** Of a message that was to be sent: its recipient or group. */
  readonly to?: string
  readonly groupId?: string
  readonly ref?: FrameRef | undefined
  /** Of a frame that may not come before its sender is known: what else is wrong with it. */
  readonly cause?: Reason | undefined
}

export type ClientFrame =
  | { readonly kind: 'ping' }
  | AuthFrame
  | ReauthFrame
  | { readonly kind: 'op'; readonly op: Op; readonly ref?: FrameRef | undefined }
  /** What the protocol has answered by itself. `last`: the client says goodbye. */
  | {
      readonly kind: 'answered'
      readonly frames: readonly WireData[]
      readonly last?: true
      readonly ref?: FrameRef
    }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly about: About }

export interface AuthFrame {
  readonly kind: 'auth'
  readonly token: string | undefined
  /** After a refused send, refuse what follows in its conversation until it has been repeated. */
  readonly ordered: boolean
  readonly ref?: FrameRef | undefined
}

export interface ReauthFrame {
  readonly kind: 'reauth'
  readonly token: string | undefined
}

/** What the frame of a client that is not known yet is told. */
export const aboutUnauthorized = (frame: ClientFrame): About => ({
  ref: aboutFrame(frame).ref,
  cause: frame.kind === 'refused' ? frame.reason : undefined,
})

/** The ids that a refusal of the frame repeats. */
export function aboutFrame(frame: ClientFrame): About {
  if (frame.kind === 'refused') return frame.about
  return frame.kind === 'op' ? aboutOp(frame.op, frame.ref) : 'ref' in frame ? { ref: frame.ref } : {}
}

export const aboutOp = (op: Op, ref: FrameRef | undefined): About =>
  ref === undefined ? idsOf(op) : { ...idsOf(op), ref }

function idsOf(op: Op): About {
  switch (op.op) {
    case 'send':
      return 'to' in op
        ? { clientMsgId: op.clientMsgId, to: op.to }
        : { clientMsgId: op.clientMsgId, groupId: op.group }
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
      return {}
  }
}
