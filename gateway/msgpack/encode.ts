import type { MessageStatus, Synced } from '../../actors/user/contract.ts'
import type { MessageEntry } from '../../protocol/entries.ts'
import { isMessage } from '../../protocol/entries.ts'
import type { PushEvent } from '../../protocol/events.ts'
import { directConversation, groupConversation } from '../../protocol/ids.ts'
import { encodeFrame, type Integer, MessageType } from './codec.ts'
import { idOnWire } from './ids.ts'

/** The number of frames that answer none of the client's. */
const UNASKED = 0

/** The frames of an event. What goes to many connections comes as the same object, one after the other. */
export function encodeEvent(event: PushEvent): readonly Uint8Array[] {
  if (event !== last.event) last = { event, frames: encode(event) }
  return last.frames
}

let last: { readonly event: PushEvent | undefined; readonly frames: readonly Uint8Array[] } = {
  event: undefined,
  frames: [],
}

/** Changes of groups, revocations and requests to join are nothing that these clients know of. */
function encode(event: PushEvent): Uint8Array[] {
  switch (event.kind) {
    case 'entry':
      return isMessage(event.entry)
        ? [encodeFrame(MessageType.chatPush, UNASKED, messageOf(event.seq, event.entry, 'sent'))]
        : []
    case 'receipt':
      return event.seqs.map(seq => encodeAck(UNASKED, seq, event.status, event.from))
    case 'presence': {
      const { user, status } = event
      return [encodeFrame(MessageType.presencePush, UNASKED, { user_id: idOnWire(user), status })]
    }
    case 'summary':
    case 'session':
      return []
    default:
      return event satisfies never
  }
}

/** `user`: of a receipt, who has acknowledged. */
export const encodeAck = (
  seq: Integer,
  messageId: number,
  status: 'accepted' | 'saved' | 'delivered' | 'read',
  user?: string,
): Uint8Array =>
  encodeFrame(MessageType.ack, seq, {
    message_id: messageId,
    status,
    user_id: user === undefined ? undefined : idOnWire(user),
  })

export const encodeSync = (seq: Integer, { messages, hasMore }: Synced): Uint8Array =>
  encodeFrame(MessageType.syncRsp, seq, {
    messages: messages.map(({ seq: id, entry, status }) => messageOf(id, entry, status)),
    has_more: hasMore,
  })

/** Source: the MessagePack contract, type 102. */
function messageOf(seq: number, entry: MessageEntry, status: MessageStatus): object {
  const from = idOnWire(entry.from)
  const to = idOnWire(entry.kind === 'group' ? entry.group : entry.to)
  return {
    message_id: seq,
    id: seq,
    from,
    sender_id: from,
    to,
    receiver_id: to,
    conversation_id:
      entry.kind === 'group' ? groupConversation(entry.group) : directConversation(entry.from, entry.to),
    type: wireTypes.get(entry.msgType) ?? entry.msgType.toLowerCase(),
    content: entry.body,
    status,
    created_at: Math.floor(entry.ts / 1000),
  }
}

/** Where it is another word than the log's in lower case. */
const wireTypes: ReadonlyMap<string, string> = new Map([['AUDIO', 'voice']])
