import type { CustomerSession } from '../../protocol/customer-session.ts'
import type { Entry, MessageEntry } from '../../protocol/entries.ts'
import { type Reason, refusals } from '../../protocol/errors.ts'
import { directConversation, groupConversation } from '../../protocol/ids.ts'
import type { OfflineSummary } from '../../protocol/offline.ts'
import type { Presence } from '../../protocol/presence.ts'
import type { About } from '../wire-protocol.ts'

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
      return systemBody('GROUP_NOTIFY', change.event, { groupId, fromUserId, ...change })
    }
    case 'revocation': {
      const data = { serverMsgId: String(entry.target), fromUserId: entry.from, groupId: entry.group }
      return systemBody('MESSAGE_REVOKED', 'a message was taken back', data)
    }
    case 'join-request': {
      const { group: groupId, from: fromUserId } = entry
      return systemBody('GROUP_JOIN_REQUEST', entry.body, { groupId, fromUserId })
    }
    case 'join-decision': {
      const { group: groupId, from: fromUserId, accept } = entry
      return systemBody('GROUP_JOIN_DECISION', accept ? 'accepted' : 'refused', {
        groupId,
        fromUserId,
        accept,
      })
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

export const systemBody = (code: string, content: string, data?: object): string =>
  body('SYSTEM', { code, content, data, createTime: Date.now() })

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
  body('SYSTEM', {
    code: 'OFFLINE_SUMMARY',
    content: 'unread messages',
    data: conversations.map(toSummaryDto),
    createTime: Date.now(),
  })

export const toSummaryDto = ({ conversation, unread, brief, ts }: OfflineSummary) => ({
  conversationId: conversation,
  unreadCount: unread,
  lastMessageBrief: brief,
  lastMessageTime: ts,
})
