import type { DeliveryTerms, Sent, Synced } from '../../actors/user/contract.ts'
import type { Reason } from '../../protocol/errors.ts'
import type { PushEvent } from '../../protocol/events.ts'
import type { Recipient, UserId } from '../../protocol/ids.ts'
import type { Session } from '../auth/tokens.ts'
import type {
  About,
  AuthFailure,
  ClientFrame,
  FrameRef,
  Liveness,
  TakeFrame,
  Wire,
  WireData,
  WireProtocol,
} from '../connection/wire-protocol.ts'
import { encodeFrame, MessageType } from './codec.ts'
import { decodeMessage, type Message } from './decode.ts'
import { encodeAck, encodeEvent, encodeSync } from './encode.ts'
import { errorOf } from './error-codes.ts'
import { idOnWire } from './ids.ts'

/** Source: the MessagePack contract, "At most 64 unacknowledged messages are outstanding". */
const OUTSTANDING = 64
/** UTF-16 units of a body: 64 smaller ones fit into a client's queue together, whatever their characters are. */
const LARGE = 1024

export interface MsgpackOptions {
  readonly connId: string
  /** A client that sent nothing for so long is gone, ms. */
  readonly idleMs: number
}

/** One connection of the MessagePack protocol of `/ws`: answers name the frame that they are for by its number. */
export class MsgpackProtocol implements WireProtocol {
  readonly name = 'msgpack'
  readonly delivery: DeliveryTerms = { outstanding: OUTSTANDING, together: true, large: LARGE }
  readonly liveness: Liveness
  readonly #connId: string
  /** Whether the client wants to hear that its messages are accepted and saved. */
  #acks = false

  constructor({ connId, idleMs }: MsgpackOptions) {
    this.#connId = connId
    this.liveness = { beat: undefined, beatMs: Number.POSITIVE_INFINITY, idleMs }
  }

  decode(data: Buffer, isBinary: boolean, user: UserId | undefined, take: TakeFrame): void {
    if (isBinary) take(this.#frameOf(decodeMessage(data, { user, connId: this.#connId })))
    else take({ kind: 'refused', reason: 'bad_msgpack', about: { ref: 0 } })
  }

  authenticated({ user }: Session, ref: FrameRef = 0): Wire {
    return encodeFrame(MessageType.authRsp, ref, { success: true, user_id: idOnWire(user) })
  }

  /** The answer that the clients know, and the code that says the same to all of them. */
  authFailed(reason: AuthFailure, ref: FrameRef = 0): readonly WireData[] {
    return [
      encodeFrame(MessageType.authRsp, ref, { success: false, error: reason }),
      encodeFrame(MessageType.error, ref, errorOf(reason)),
    ]
  }

  /** Pings are answered where they are read: the answer has their number. */
  pong(): Wire {
    return undefined
  }

  accepted(_user: UserId, _clientMsgId: string, { seq }: Sent, ref: FrameRef = 0): Wire {
    return this.#acks ? encodeAck(ref, seq, 'accepted') : undefined
  }

  saved(_user: UserId, _to: Recipient, _clientMsgId: string, { seq }: Sent, ref: FrameRef = 0): Wire {
    return this.#acks ? encodeAck(ref, seq, 'saved') : undefined
  }

  /** No client of this protocol takes messages back. */
  revoked(): Wire {
    return undefined
  }

  synced(page: Synced, ref: FrameRef = 0): Wire {
    return encodeSync(ref, page)
  }

  refused(reason: Reason, { ref = 0, cause }: About): Wire {
    return encodeFrame(MessageType.error, ref, errorOf(cause ?? reason))
  }

  event(event: PushEvent): readonly WireData[] {
    return encodeEvent(event)
  }

  #frameOf(message: Message): ClientFrame {
    const { seq: ref } = message
    switch (message.kind) {
      case 'ping':
        return { kind: 'answered', frames: [encodeFrame(MessageType.pong, ref)], ref }
      case 'auth':
        this.#acks = message.acks
        return { kind: 'auth', token: message.token, ordered: message.ordered, ref }
      case 'op':
        return { kind: 'op', op: message.op, ref }
      case 'refused': {
        const { reason, clientMsgId } = message
        return { kind: 'refused', reason, about: { ref, ...(clientMsgId && { clientMsgId }) } }
      }
      default:
        return message satisfies never
    }
  }
}
