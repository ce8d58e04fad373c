import { randomUUID } from 'node:crypto'
import type { Reason } from '../../protocol/errors.ts'
import { parseExactJson } from '../../protocol/exact-json.ts'
import { isClientMsgId, isUserId, type UserId } from '../../protocol/ids.ts'
import { isPresenceStatus, MAX_PRESENCE_USERS } from '../../protocol/presence.ts'
import type { About, ClientFrame } from '../connection/wire-protocol.ts'

/** Characters (code points) of a message. Source: the STOMP contract. */
export const MAX_CONTENT_CHARACTERS = 5000
const MAX_ACKNOWLEDGED = 1000
const MAX_REASON_CHARACTERS = 255
const messageTypes = ['TEXT', 'IMAGE', 'FILE', 'AUDIO', 'VIDEO']

type Body = Readonly<Record<string, unknown>>

/** Who sends: what of the connection's session a destination asks for. */
export interface Sender {
  readonly user: UserId
  readonly isAgent: boolean
}

type Handler = (body: Body, sender: Sender) => ClientFrame

/** What is behind `/app/…`, by its name. */
const handlers: Readonly<Record<string, Handler>> = {
  '/app/chat.sendMessage': sendMessage,
  '/app/group.sendMessage': sendGroupMessage,
  '/app/chat.ack': acknowledge,
  '/app/chat.heartbeat': () => ({ kind: 'ping' }),
  '/app/session.open': () => ({ kind: 'op', op: { op: 'session.open' } }),
  '/app/session.take': takeSession,
  '/app/session.close': closeSession,
  '/app/presence.set': setPresence,
  '/app/presence.query': queryPresence,
}

/** Reads a SEND frame. Source: the STOMP contract, "Frames". */
export function readSend(destination: string | undefined, text: string, sender: Sender): ClientFrame {
  const known = destination !== undefined && Object.hasOwn(handlers, destination)
  const handler = known ? handlers[destination] : undefined
  if (!handler) return refused('unknown_destination')
  const body = parseBody(text)
  return body ? handler(body, sender) : refused('bad_json')
}

/** An empty body says nothing, and is none the worse for it. */
function parseBody(text: string): Body | undefined {
  if (text === '') return {}
  try {
    const value = parseExactJson(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Body) : undefined
  } catch {
    return undefined
  }
}

function sendMessage(body: Body, { user }: Sender): ClientFrame {
  const clientMsgId = msgIdOf(body)
  const to = idText(body.toUserId)
  const about: About = { clientMsgId: clientMsgId.slice(0, 128), ...(isUserId(to) && { to }) }
  if (!isClientMsgId(clientMsgId)) return refused('bad_msg_id', about)
  if (to === undefined) return refused('missing_to', about)
  if (!isUserId(to)) return refused('bad_to', about)
  if (to === user) return refused('cannot_send_to_self', about)
  const content = readContent(body)
  if (typeof content === 'string') return refused(content, about)
  return { kind: 'op', op: { op: 'send', clientMsgId, to, ...content } }
}

function sendGroupMessage(body: Body): ClientFrame {
  const clientMsgId = msgIdOf(body)
  const group = idText(body.groupId)
  const about: About = { clientMsgId: clientMsgId.slice(0, 128), groupId: group?.slice(0, 64) ?? '' }
  if (!isClientMsgId(clientMsgId)) return refused('bad_msg_id', about)
  if (group === undefined) return refused('missing_group_id', about)
  // No group has a name that could not be one.
  if (!isUserId(group)) return refused('not_group_member', about)
  const content = readContent(body)
  if (typeof content === 'string') return refused(content, about)
  return { kind: 'op', op: { op: 'send', clientMsgId, group, ...content } }
}

function readContent({ content, messageType = 'TEXT' }: Body): { body: string; msgType: string } | Reason {
  if (typeof content !== 'string' || content === '') return 'missing_body'
  const tooLong =
    content.length > MAX_CONTENT_CHARACTERS &&
    (content.length > 2 * MAX_CONTENT_CHARACTERS || [...content].length > MAX_CONTENT_CHARACTERS)
  if (tooLong) return 'body_too_long'
  if (typeof messageType !== 'string' || !messageTypes.includes(messageType)) return 'bad_msg_type'
  return { body: content.toWellFormed(), msgType: messageType }
}

function acknowledge({ sessionId, msgIds, msgId }: Body): ClientFrame {
  if (typeof sessionId !== 'string' || sessionId === '') return refused('message_not_found')
  const named = msgIds ?? (msgId === undefined ? undefined : [msgId])
  if (named === undefined) {
    return { kind: 'op', op: { op: 'acknowledge', conversation: sessionId, messages: 'all' } }
  }
  const ids = Array.isArray(named) ? named.map(idText) : []
  const usable = ids.filter(id => isClientMsgId(id))
  if (usable.length === 0 || usable.length < ids.length || ids.length > MAX_ACKNOWLEDGED)
    return refused('message_not_found')
  return { kind: 'op', op: { op: 'acknowledge', conversation: sessionId, messages: usable } }
}

function takeSession({ sessionId }: Body, { isAgent }: Sender): ClientFrame {
  if (!isAgent) return refused('agents_only')
  if (typeof sessionId !== 'string') return refused('customer_session_not_found')
  return { kind: 'op', op: { op: 'session.take', sessionId: sessionId.slice(0, 32) } }
}

function closeSession({ sessionId, closeReason }: Body): ClientFrame {
  if (typeof sessionId !== 'string') return refused('customer_session_not_found')
  const reason = typeof closeReason === 'string' ? closeReason.slice(0, MAX_REASON_CHARACTERS) : undefined
  const op = { op: 'session.close', sessionId: sessionId.slice(0, 32) } as const
  return { kind: 'op', op: reason === undefined ? op : { ...op, closeReason: reason.toWellFormed() } }
}

function setPresence({ status }: Body): ClientFrame {
  return isPresenceStatus(status) ? { kind: 'op', op: { op: 'presence', status } } : refused('bad_presence')
}

function queryPresence({ userIds }: Body): ClientFrame {
  const users = Array.isArray(userIds) ? userIds.map(idText).filter(isUserId) : []
  const usable = Array.isArray(userIds) && users.length === userIds.length
  if (!usable || users.length === 0 || users.length > MAX_PRESENCE_USERS) return refused('bad_presence')
  return { kind: 'op', op: { op: 'presence-query', users } }
}

/** A message that its sender gave no id is known by one of ours: its ACK tells which. */
const msgIdOf = ({ msgId }: Body): string => idText(msgId) ?? randomUUID()

/** An id as written: a string, or a number as its decimal string; undefined when there is none. */
function idText(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value
  return Number.isSafeInteger(value) ? String(value) : NO_ID
}

/** No id has a control character, so every check refuses it. */
const NO_ID = '\0'

const refused = (reason: Reason, about: About = {}): ClientFrame => ({ kind: 'refused', reason, about })
