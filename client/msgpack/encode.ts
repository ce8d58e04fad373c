import { Encoder } from '@msgpack/msgpack'
import type { ClientFrame } from '../frames.ts'
import { chatTypes, FrameType } from './frame-types.ts'

const encoder = new Encoder({ useBigInt64: true, ignoreUndefined: true })

const DECIMAL = /^(0|[1-9][0-9]{0,18})$/
const MAX_INT64 = 2n ** 63n - 1n
const MAX_UINT32 = 2 ** 32 - 1

interface Content {
  readonly type: number
  readonly payload?: Readonly<Record<string, unknown>>
}

/** `seq` names the frame in its answers. */
export function encodeFrame(frame: ClientFrame, seq: number): Uint8Array<ArrayBuffer> {
  const { type, payload } = contentOf(frame)
  return encoder.encode({ type, seq, payload: payload ? encoder.encode(payload) : null })
}

function contentOf(frame: ClientFrame): Content {
  switch (frame.type) {
    case 'AUTH':
      return { type: FrameType.auth, payload: { token: frame.token, acks: true, ordered: frame.ordered } }
    case 'REAUTH':
      return { type: FrameType.auth, payload: { token: frame.token, acks: true } }
    case 'PING':
      return { type: FrameType.ping }
    case 'SINGLE_CHAT': {
      const { to = '', msgType, body: content, clientMsgId: client_msg_id } = frame
      const payload = { to: wireId(to), type: chatTypes.wireOf(msgType), content, client_msg_id }
      return { type: FrameType.chat, payload }
    }
    case 'ACK': {
      const { serverMsgId, ackType: status, upTo: up_to } = frame
      return { type: FrameType.ack, payload: { message_id: wireId(serverMsgId), status, up_to } }
    }
    case 'SYNC':
      return { type: FrameType.sync, payload: { last_message_id: wireId(frame.after), last_sync_time: 0 } }
    case 'PRESENCE':
      if ('status' in frame) return { type: FrameType.presence, payload: { status: frame.status } }
      break
    case 'GROUP_CHAT':
    case 'MESSAGE_REVOKE':
      break
    default:
      frame satisfies never
  }
  throw new TypeError(`MessagePack has no ${frame.type}`)
}

/** A number where the id is one, exact up to 2^63 − 1; any other id as it is. */
function wireId(id: string): number | bigint | string {
  if (!DECIMAL.test(id)) return id
  const value = BigInt(id)
  if (value > MAX_INT64) return id
  return value > MAX_UINT32 ? value : Number(value) // the encoder takes greater numbers for floats
}
