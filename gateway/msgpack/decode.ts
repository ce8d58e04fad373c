import type { Op } from '../../actors/user/contract.ts'
import type { Reason } from '../../protocol/errors.ts'
import { isClientMsgId, parseSeq, type UserId } from '../../protocol/ids.ts'
import { isPresenceStatus } from '../../protocol/presence.ts'
import {
  bufferOf,
  decodeMap,
  type Fields,
  field,
  type Integer,
  integerOf,
  MessageType,
  textOf,
} from './codec.ts'
import { readId } from './ids.ts'

/** What a client has sent: what it asks for, and the number it has given its frame. */
export type Message = { readonly seq: Integer } & (
  | ({ readonly kind: 'auth'; readonly token: string | undefined } & Wishes)
  | { readonly kind: 'op'; readonly op: Op }
  | { readonly kind: 'ping' }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly clientMsgId?: string }
)

/** What a client asks for beyond what the originals' clients know. */
export interface Wishes {
  /** To hear that its messages are accepted and saved. */
  readonly acks: boolean
  /** After a refused send, to have refused what follows in its conversation until it has been repeated. */
  readonly ordered: boolean
}

export interface Sender {
  readonly user: UserId | undefined
  /** Stands in, with the frame's number, for the ids of messages that have none. */
  readonly connId: string
}

/** Message types of these clients, by the name they have in the log. */
const chatTypes: Readonly<Record<string, string>> = { text: 'TEXT', voice: 'VOICE', image: 'IMAGE' }

const statuses: Readonly<Record<string, 'delivered' | 'read'>> = { delivered: 'delivered', read: 'read' }

/** Characters from which on a text is measured as what it becomes in the log. */
const MEASURED_CHARACTERS = 100_000
/** The largest JSON text of a content, bytes: what the bus and the log carry (4 MB) is to hold it, whatever it escapes. */
const MAX_JSON_BYTES = 3_000_000

/** Reads one binary frame. Never throws. Source: the MessagePack contract, "client → server". */
export function decodeMessage(bytes: Buffer, sender: Sender): Message {
  const frame = decodeMap(bytes)
  if (!frame) return { kind: 'refused', reason: 'bad_msgpack', seq: 0 }
  const seq = integerOf(field(frame, 'seq') ?? 0)
  if (seq === undefined) return { kind: 'refused', reason: 'bad_msgpack', seq: 0 }
  const type = integerOf(field(frame, 'type'))
  if (type === undefined) return { kind: 'refused', reason: 'missing_type', seq }
  if (type === MessageType.ping) return { kind: 'ping', seq }
  const fields = payloadOf(field(frame, 'payload'))
  if (!fields) return { kind: 'refused', reason: 'bad_payload', seq }
  return { seq, ...decodePayload(type, fields, seq, sender) }
}

type Asked = Message extends infer M ? (M extends Message ? Omit<M, 'seq'> : never) : never

function decodePayload(type: Integer, fields: Fields, seq: Integer, sender: Sender): Asked {
  switch (type) {
    case MessageType.auth:
      return {
        kind: 'auth',
        token: textOf(field(fields, 'token')) || undefined,
        acks: field(fields, 'acks') === true,
        ordered: field(fields, 'ordered') === true,
      }
    case MessageType.chat:
      return decodeChat(fields, seq, sender)
    case MessageType.ack:
      return decodeAck(fields)
    case MessageType.syncReq:
      return decodeSyncReq(fields)
    case MessageType.presence:
      return decodePresence(fields)
    default:
      return refused('not_implemented')
  }
}

/** Nothing is an empty map. */
function payloadOf(value: unknown): Fields | undefined {
  if (value === undefined || value === null) return {}
  if (!(value instanceof Uint8Array)) return undefined
  return value.length === 0 ? {} : decodeMap(bufferOf(value))
}

function decodeChat(fields: Fields, seq: Integer, { user, connId }: Sender): Asked {
  const to = readId(field(fields, 'to'))
  const clientMsgId = idText(field(fields, 'client_msg_id')) ?? `${connId}:${seq}`
  if (!isClientMsgId(clientMsgId)) return refused('bad_msg_id')
  const refuse = (reason: Reason): Asked => ({ kind: 'refused', reason, clientMsgId })
  if (to === undefined) return refuse('missing_to')
  if (to === '') return refuse('bad_to')
  if (to === user) return refuse('cannot_send_to_self')
  const msgType = chatTypeOf(field(fields, 'type'))
  if (msgType === undefined) return refuse('bad_msg_type')
  const body = textOf(field(fields, 'content'))?.toWellFormed()
  if (!body) return refuse('missing_body')
  if (isTooLong(body)) return refuse('body_too_long')
  return { kind: 'op', op: { op: 'send', clientMsgId, to, body, msgType } }
}

/** Undefined: there is none; '': it cannot be one. */
function idText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  return integerOf(value)?.toString() ?? textOf(value) ?? ''
}

function chatTypeOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return chatTypes.text
  const type = textOf(value) ?? ''
  return Object.hasOwn(chatTypes, type) ? chatTypes[type] : undefined
}

const isTooLong = (body: string): boolean =>
  body.length > MEASURED_CHARACTERS && Buffer.byteLength(JSON.stringify(body)) > MAX_JSON_BYTES

function decodeAck(fields: Fields): Asked {
  const status = textOf(field(fields, 'status')) ?? ''
  const kind = Object.hasOwn(statuses, status) ? statuses[status] : undefined
  if (kind === undefined) return refused('missing_ack_type')
  const id = idText(field(fields, 'message_id'))
  if (!id) return refused('missing_server_msg_id')
  const seq = parseSeq(id)
  if (seq === undefined) return refused('bad_server_msg_id')
  const upTo = kind === 'delivered' && field(fields, 'up_to') === true
  return { kind: 'op', op: upTo ? { op: kind, seq, upTo } : { op: kind, seq } }
}

/**
 * `last_sync_time` is not looked at: ids say exactly what has come, and by a client's clock something might be
 * missed.
 */
function decodeSyncReq(fields: Fields): Asked {
  const last = idText(field(fields, 'last_message_id')) ?? '0'
  const after = last === '0' ? 0 : parseSeq(last)
  return after === undefined ? refused('bad_server_msg_id') : { kind: 'op', op: { op: 'sync', after } }
}

function decodePresence(fields: Fields): Asked {
  const status = textOf(field(fields, 'status'))
  return isPresenceStatus(status) ? { kind: 'op', op: { op: 'presence', status } } : refused('bad_presence')
}

const refused = (reason: Reason): Asked => ({ kind: 'refused', reason })
