import { isReason } from '../../protocol/errors.ts'
import type { ServerFrame } from '../frames.ts'
import { idOf, integerOf, mapOf, type Payload, textOf, type WireFrame } from './decode.ts'
import { chatTypes, FrameType, reasonOfCode } from './frame-types.ts'

type Fields = { readonly [Key in keyof ServerFrame]: ServerFrame[Key] | undefined }

const GROUP = 'group:'

/** What a frame of the server says, in this client's words. Undefined: nothing that this client understands. */
export function serverFrameOf({ type, payload }: WireFrame): ServerFrame | undefined {
  switch (type) {
    case FrameType.authAnswer:
      return payload.success === true
        ? frame('AUTH_OK', { from: idOf(payload.user_id) })
        : frame('AUTH_FAIL', { reason: textOf(payload.error) })
    case FrameType.ack:
      return frame('ACK', {
        ackType: textOf(payload.status),
        serverMsgId: idOf(payload.message_id),
        from: idOf(payload.user_id),
      })
    case FrameType.chatPush:
      return messageOf(payload)
    case FrameType.syncAnswer:
      return frame('SYNC', { messages: messagesOf(payload), hasMore: payload.has_more === true })
    case FrameType.presencePush:
      return frame('PRESENCE', { from: idOf(payload.user_id), status: textOf(payload.status) })
    case FrameType.pong:
      return frame('PONG', {})
    case FrameType.error:
      return frame('ERROR', { reason: reasonOf(payload) })
    default:
      return undefined
  }
}

function messageOf(payload: Payload): ServerFrame {
  const conversation = textOf(payload.conversation_id) ?? ''
  const isGroup = conversation.startsWith(GROUP)
  const seconds = integerOf(payload.created_at)
  return frame(isGroup ? 'GROUP_CHAT' : 'SINGLE_CHAT', {
    serverMsgId: idOf(payload.message_id ?? payload.id),
    from: idOf(payload.from ?? payload.sender_id),
    to: isGroup ? undefined : idOf(payload.to ?? payload.receiver_id),
    groupId: isGroup ? conversation.slice(GROUP.length) : undefined,
    msgType: chatTypes.msgTypeOf(textOf(payload.type) ?? 'text'),
    body: textOf(payload.content),
    status: textOf(payload.status),
    ts: seconds === undefined ? undefined : seconds * 1000,
  })
}

const messagesOf = ({ messages }: Payload): ServerFrame[] =>
  Array.isArray(messages) ? messages.map(each => messageOf(mapOf(each) ?? {})) : []

/** This server says it before the colon, in words for people after it; another's code has to do. */
function reasonOf(payload: Payload): string | undefined {
  const [reason] = (textOf(payload.message) ?? '').split(':', 1)
  const code = textOf(payload.code)
  return isReason(reason) ? reason : (reasonOfCode.get(code ?? '') ?? code)
}

/** Absent fields are left out, as the frames' type wants it. */
function frame(type: string, fields: Omit<Fields, 'type'>): ServerFrame {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined)
  return { type, ...Object.fromEntries(present) }
}
