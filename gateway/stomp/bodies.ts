import { randomUUID } from 'node:crypto'
import type { CustomerSession } from '../../protocol/customer-session.ts'
import type { Entry, MessageEntry } from '../../protocol/entries.ts'
import { type Reason, refusals } from '../../protocol/errors.ts'
import { directConversation, type GroupId, groupConversation, type UserId } from '../../protocol/ids.ts'
import type { OfflineSummary } from '../../protocol/offline.ts'
import type { Presence } from '../../protocol/presence.ts'
import type { About } from '../connection/wire-protocol.ts'

/** Bodies of MESSAGE frames, as the STOMP contract spells them ("Frames"). What does not apply is absent. */

const body = (type: string, fields: object): string =>
  JSON.stringify({ type, timestamp: Date.now(), ...fields })

/** Messages are CHAT, what happens to messages and groups is SYSTEM. */
export function entryBody(seq: number, entry: Entry): string {
  switch (entry.kind) {
    case 'direct':
      return chatBody(seq, entry, {
        sessionId: directConversation(entry.from, entry.to),
        chatType: 'SINGLE',
        toUserId: entry.to,
      })
    case 'group':
      return chatBody(seq, entry, {
        sessionId: groupConversation(entry.group),
        chatType: 'GROUP',
        groupId: entry.group,
      })
    case 'notice': {
      const { group: groupId, from: fromUserId, change } = entry
      return systemBody('GROUP_NOTIFY', change.event, { groupId, fromUserId, ...change }, about(seq, entry))
    }
    case 'revocation': {
      const data = { serverMsgId: String(entry.target), fromUserId: entry.from, groupId: entry.group }
      return systemBody('MESSAGE_REVOKED', 'a message was taken back', data, about(seq, entry))
    }
    case 'join-request': {
      const { group: groupId, from: fromUserId } = entry
      return systemBody('GROUP_JOIN_REQUEST', entry.body, { groupId, fromUserId }, about(seq, entry))
    }
    case 'join-decision': {
      const { group: groupId, from: fromUserId, accept } = entry
      const data = { groupId, fromUserId, accept }
      return systemBody('GROUP_JOIN_DECISION', accept ? 'accepted' : 'refused', data, about(seq, entry))
    }
    default:
      return entry satisfies never
  }
}

const chatBody = (seq: number, entry: MessageEntry, conversation: object): string =>
  body('CHAT', {
    msgId: entry.clientMsgId || String(seq),
    serverMsgId: String(seq),
    ...conversation,
    fromUserId: entry.from,
    content: entry.body,
    messageType: entry.msgType,
    createTime: entry.ts,
  })

export const savedBody = (clientMsgId: string, sessionId: string, seq: number): string =>
  body('ACK', { originalMsgId: clientMsgId, serverMsgId: String(seq), sessionId, status: 'SUCCESS' })

export const heartbeatBody = (): string => body('ACK', { originalMsgId: 'heartbeat', status: 'SUCCESS' })

/** `reason` is for programs: the catalogue's. */
export const failedBody = (reason: Reason, about: About, sessionId: string | undefined): string =>
  body('ACK', {
    originalMsgId: about.clientMsgId,
    sessionId,
    status: 'FAIL',
    errorCode: about.groupId === undefined ? 'MESSAGE_SEND_FAILED' : 'GROUP_MESSAGE_SEND_FAILED',
    errorMessage: refusals[reason].message,
    reason,
  })

/** `about`: under what a client knows it; what is said only once has an id of its own. */
export const systemBody = (
  code: string,
  content: string,
  data?: object,
  about: { readonly msgId: string; readonly sessionId?: string } = { msgId: randomUUID() },
): string => body('SYSTEM', { ...about, code, content, data, createTime: Date.now() })

/** A stored entry's serverMsgId, which is the same however often it is told, and the conversation it belongs to. */
const about = (seq: number, { group, from, to }: { group?: GroupId; from: UserId; to?: UserId }) => ({
  msgId: String(seq),
  sessionId: group === undefined ? directConversation(from, to ?? from) : groupConversation(group),
})

export const sessionBody = (session: CustomerSession): string =>
  body('SESSION_STATUS', {
    sessionId: session.id,
    status: session.status,
    customerId: session.customer,
    agentId: session.agent,
    agentName: session.agentName,
    closeReason: session.closeReason,
    statusChangeTime: session.changedAt,
  })

export const presenceBody = ({ user, status, ts }: Presence): string =>
  body('PRESENCE', { userId: user, status, statusChangeTime: ts })

/** A SYSTEM frame around what `GET /api/im/offline/summary` answers. */
export const summaryBody = (conversations: readonly OfflineSummary[]): string =>
  systemBody('OFFLINE_SUMMARY', 'unread messages', conversations.map(toSummaryDto))

export const toSummaryDto = ({ conversation, unread, brief, ts }: OfflineSummary) => ({
  conversationId: conversation,
  unreadCount: unread,
  lastMessageBrief: brief,
  lastMessageTime: ts,
})
