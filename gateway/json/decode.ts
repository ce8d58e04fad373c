import { randomUUID } from 'node:crypto'
import type { Op } from '../../actors/user/contract.ts'
import type { Content } from '../../protocol/entries.ts'
import type { Reason } from '../../protocol/errors.ts'
import { parseExactJson } from '../../protocol/exact-json.ts'
import { isClientMsgId, isUserId, parseSeq, type UserId } from '../../protocol/ids.ts'
import { isPresenceStatus, MAX_PRESENCE_USERS } from '../../protocol/presence.ts'
import type { About, ClientFrame } from '../connection/wire-protocol.ts'

type Frame = Record<string, unknown>

const MAX_TYPE_CHARACTERS = 32
const MAX_MENTIONS = 100

/** Reads one text frame. Source: the JSON contract, "Client → server". */
export function decodeJson(text: string, user: UserId | undefined, maxBodyCharacters: number): ClientFrame {
  const frame = parseObject(text)
  if (!frame) return refused('bad_json')
  switch (frame.type) {
    case 'PING':
      return { kind: 'ping' }
    case 'AUTH':
      return { kind: 'auth', token: tokenOf(frame), ordered: frame.ordered === true }
    case 'REAUTH':
      return { kind: 'reauth', token: tokenOf(frame) }
    case 'SINGLE_CHAT':
      return decodeSingleChat(frame, user, maxBodyCharacters)
    case 'GROUP_CHAT':
      return decodeGroupChat(frame, maxBodyCharacters)
    case 'ACK':
      return decodeAck(frame)
    case 'MESSAGE_REVOKE':
      return decodeRevoke(frame)
    case 'GROUP_JOIN_REQUEST':
      return decodeJoinRequest(frame, maxBodyCharacters)
    case 'GROUP_JOIN_DECISION':
      return decodeJoinDecision(frame)
    case 'PRESENCE':
      return decodePresence(frame)
    default:
      return refused(
        typeof frame.type === 'string' && frame.type !== '' ? 'not_implemented' : 'missing_type',
        about(frame),
      )
  }
}

function parseObject(text: string): Frame | undefined {
  try {
    const value = parseExactJson(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Frame) : undefined
  } catch {
    return undefined
  }
}

function decodeSingleChat(frame: Frame, user: UserId | undefined, maxBodyCharacters: number): ClientFrame {
  const clientMsgId = idText(frame.clientMsgId)
  const to = idText(frame.to)
  if (clientMsgId === undefined) return refused('missing_msg_id')
  if (!isClientMsgId(clientMsgId)) return refused('bad_msg_id', about(frame))
  if (to === undefined) return refused('missing_to', about(frame))
  if (!isUserId(to)) return refused('bad_to', about(frame))
  if (to === user) return refused('cannot_send_to_self', about(frame))
  const content = readContent(frame, maxBodyCharacters)
  if (typeof content === 'string') return refused(content, about(frame))
  return { kind: 'op', op: { op: 'send', clientMsgId, to, ...content } }
}

function decodeGroupChat(frame: Frame, maxBodyCharacters: number): ClientFrame {
  const named = readNames(frame)
  if (typeof named === 'string') return refused(named, about(frame))
  const content = readContent(frame, maxBodyCharacters)
  if (typeof content === 'string') return refused(content, about(frame))
  return { kind: 'op', op: { op: 'send', ...named, ...content } }
}

/** The message's own id and its group, or what is wrong with them. A group of such a name may not exist. */
function readNames(frame: Frame): { clientMsgId: string; group: string } | Reason {
  const clientMsgId = idText(frame.clientMsgId)
  const group = idText(frame.groupId)
  if (clientMsgId === undefined) return 'missing_msg_id'
  if (!isClientMsgId(clientMsgId)) return 'bad_msg_id'
  if (group === undefined) return 'missing_group_id'
  // No group has a name that could not be one.
  return isUserId(group) ? { clientMsgId, group } : 'not_group_member'
}

function decodeRevoke(frame: Frame): ClientFrame {
  const clientMsgId = idText(frame.clientMsgId)
  if (clientMsgId === undefined) return refused('missing_msg_id', about(frame))
  if (!isClientMsgId(clientMsgId)) return refused('bad_msg_id', about(frame))
  if (idText(frame.serverMsgId) === undefined) return refused('missing_server_msg_id', about(frame))
  const seq = parseSeq(frame.serverMsgId)
  if (seq === undefined) return refused('bad_server_msg_id', about(frame))
  return { kind: 'op', op: { op: 'revoke', seq, clientMsgId } }
}

function decodeJoinRequest(frame: Frame, maxBodyCharacters: number): ClientFrame {
  const named = readNames(frame)
  if (typeof named === 'string') return refused(named, about(frame))
  const body = typeof frame.body === 'string' ? frame.body.toWellFormed() : ''
  if (isLonger(body, maxBodyCharacters)) return refused('body_too_long', about(frame))
  return { kind: 'op', op: { op: 'join-request', ...named, body } }
}

/** It has no answer of its own, so its clientMsgId is the client's to leave out. */
function decodeJoinDecision(frame: Frame): ClientFrame {
  const group = idText(frame.groupId)
  const to = idText(frame.to)
  if (group === undefined) return refused('missing_group_id', about(frame))
  if (!isUserId(group)) return refused('not_group_member', about(frame))
  if (to === undefined) return refused('missing_to', about(frame))
  if (!isUserId(to)) return refused('bad_to', about(frame))
  const opId = idText(frame.clientMsgId) ?? randomUUID()
  if (!isClientMsgId(opId)) return refused('bad_msg_id', about(frame))
  return { kind: 'op', op: { op: 'join-decision', group, to, accept: frame.accept === true, opId } }
}

/** What every kind of message carries, or why it cannot be accepted. */
function readContent(frame: Frame, maxBodyCharacters: number): Content | Reason {
  const { body, msgType, mentions, replyToServerMsgId, important } = frame
  if (typeof body !== 'string' || body === '') return 'missing_body'
  if (isLonger(body, maxBodyCharacters)) return 'body_too_long'
  const content: { -readonly [K in keyof Content]: Content[K] } = {
    body: body.toWellFormed(),
    msgType: typeof msgType === 'string' && msgType !== '' ? cut(msgType, MAX_TYPE_CHARACTERS) : 'TEXT',
  }
  if (replyToServerMsgId !== undefined) {
    const replyTo = parseSeq(replyToServerMsgId)
    if (replyTo === undefined) return 'bad_server_msg_id'
    content.replyTo = replyTo
  }
  if (Array.isArray(mentions)) {
    const users = mentions.slice(0, MAX_MENTIONS).map(idText).filter(isUserId)
    if (users.length > 0) content.mentions = users
  }
  if (important === true) content.important = true
  return content
}

/** Half a surrogate pair is not text: databases keep something else, and a repeat would not equal its first. */
const cut = (text: string, units: number): string => text.slice(0, units).toWellFormed()

/** Characters are code points; they are counted only where the UTF-16 length leaves a doubt. */
const isLonger = (text: string, limit: number): boolean =>
  text.length > limit && (text.length > 2 * limit || [...text].length > limit)

const acks: Readonly<Record<string, 'delivered' | 'read'>> = {
  delivered: 'delivered',
  received: 'delivered',
  ack_receive: 'delivered',
  read: 'read',
  ack_read: 'read',
}

function decodeAck(frame: Frame): ClientFrame {
  const { ackType, serverMsgId, upTo } = frame
  const kind = typeof ackType === 'string' && Object.hasOwn(acks, ackType) ? acks[ackType] : undefined
  if (kind === undefined) return refused('missing_ack_type', about(frame))
  if (serverMsgId === undefined || serverMsgId === null || serverMsgId === '') {
    return refused('missing_server_msg_id', about(frame))
  }
  const seq = parseSeq(serverMsgId)
  if (seq === undefined) return refused('bad_server_msg_id', about(frame))
  const op: Op =
    kind === 'read' ? { op: 'read', seq } : upTo === true ? { op: kind, seq, upTo } : { op: kind, seq }
  return { kind: 'op', op }
}

/** `users` asks, `status` tells; a frame with both asks. */
function decodePresence({ status, users }: Frame): ClientFrame {
  if (users === undefined || users === null) {
    return isPresenceStatus(status) ? { kind: 'op', op: { op: 'presence', status } } : refused('bad_presence')
  }
  if (!Array.isArray(users) || users.length === 0 || users.length > MAX_PRESENCE_USERS)
    return refused('bad_presence')
  const ids = users.map(idText).filter(isUserId)
  if (ids.length < users.length) return refused('bad_presence')
  return { kind: 'op', op: { op: 'presence-query', users: ids } }
}

const tokenOf = ({ token }: Frame): string | undefined =>
  typeof token === 'string' && token !== '' ? token : undefined

/** An id as written: a string, or a number as its decimal string; undefined when there is none, NO_ID for the rest. */
function idText(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value
  return Number.isFinite(value) ? String(value) : NO_ID
}

/** No id is empty, so every check refuses it. Objects have no text of their own: asking for it may throw. */
const NO_ID = ''

const refused = (reason: Reason, ids: About = {}): ClientFrame => ({ kind: 'refused', reason, about: ids })

/** The ids a refusal repeats, cut to what a valid one could be. */
function about(frame: Frame): About {
  const clientMsgId = idText(frame.clientMsgId)
  const serverMsgId = idText(frame.serverMsgId)
  return {
    ...(clientMsgId && { clientMsgId: clientMsgId.slice(0, 128) }),
    ...(serverMsgId && { serverMsgId: serverMsgId.slice(0, 32) }),
  }
}
