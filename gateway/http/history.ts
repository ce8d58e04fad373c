import { z } from 'zod'
import type { LogEntry } from '../../messaging/message-log.ts'
import { isMessage } from '../../protocol/entries.ts'
import { parseSeq, type UserId } from '../../protocol/ids.ts'
import type { MessageStore } from '../../storage/store.ts'
import { sessionOf } from './authenticate.ts'
import { refuse, restEnvelope } from './envelope.ts'
import type { Membership } from './membership.ts'
import type { ZodApp } from './validation.ts'

/** Messages of one answer. */
export const HISTORY_LIMIT = 20
export const MAX_HISTORY_LIMIT = 100
/** Deeper than this a page costs more than it is worth: `before` reaches everything at the same price. */
export const MAX_HISTORY_PAGE = 10_000

const limit = z.coerce.number().int().min(1).max(MAX_HISTORY_LIMIT).default(HISTORY_LIMIT)
const seq = z
  .string()
  .refine(text => text === '0' || parseSeq(text) !== undefined, 'must be a serverMsgId')
  .default('0')

const params = z.object({ sessionId: z.string() })
const listQuery = z.object({ before: seq, limit })
const pageQuery = z.object({
  page: z.coerce.number().int().min(0).max(MAX_HISTORY_PAGE).default(0),
  size: limit,
})

export interface HistoryRoutes {
  readonly messages: Pick<MessageStore, 'history' | 'historyPage'>
  readonly membership: Membership
}

/** A message as the STOMP contract's CHAT frame has it, with its place in the log. */
export interface MessageDto {
  /** The sender's clientMsgId. */
  readonly msgId: string
  /** The seq, decimal. */
  readonly serverMsgId: string
  readonly sessionId: string
  readonly chatType: 'SINGLE' | 'GROUP'
  readonly fromUserId: UserId
  readonly toUserId?: UserId
  readonly groupId?: string
  readonly content: string
  readonly messageType: string
  /** ms since 1970. */
  readonly createTime: number
  /** Taken back: its content is empty. */
  readonly revoked?: true
}

/**
 * A conversation's messages, newest first, for its members: those before the seq `before` (absent or 0: from the
 * newest) as an array, or a 0-based page as `{page, size, total, messages}`.
 */
export function addHistoryRoutes(app: ZodApp, { messages, membership }: HistoryRoutes): void {
  const { success } = restEnvelope
  const path = '/chat/messages/session/:sessionId'

  app.get(
    path,
    {
      schema: { params, querystring: listQuery },
      config: { summary: 'A conversation’s messages, newest first' },
    },
    async (request, reply) => {
      const { sessionId } = request.params
      const access = await membership(sessionId, sessionOf(request).user)
      if (access.as !== 'member') return refuse(reply, restEnvelope, refusals[access.as])
      const { before, limit } = request.query
      const entries = await messages.history(sessionId, Number(before), limit, access.spans)
      return success(entries.flatMap(entry => toMessage(sessionId, entry)))
    },
  )

  app.get(
    `${path}/page`,
    { schema: { params, querystring: pageQuery }, config: { summary: 'The same by page, with the total' } },
    async (request, reply) => {
      const { sessionId } = request.params
      const access = await membership(sessionId, sessionOf(request).user)
      if (access.as !== 'member') return refuse(reply, restEnvelope, refusals[access.as])
      const { page, size } = request.query
      const { total, entries } = await messages.historyPage(sessionId, page, size, access.spans)
      return success({ page, size, total, messages: entries.flatMap(entry => toMessage(sessionId, entry)) })
    },
  )
}

const refusals = { outsider: 'history_not_member', unknown: 'history_conversation_not_found' } as const

/** Nothing for what is no message, of which a conversation has none. */
function toMessage(sessionId: string, { seq, entry, revoked }: LogEntry): MessageDto[] {
  if (!isMessage(entry)) return []
  const to =
    entry.kind === 'direct'
      ? ({ chatType: 'SINGLE', toUserId: entry.to } as const)
      : ({ chatType: 'GROUP', groupId: entry.group } as const)
  const message = {
    msgId: entry.clientMsgId,
    serverMsgId: String(seq),
    sessionId,
    ...to,
    fromUserId: entry.from,
    content: revoked ? '' : entry.body,
    messageType: entry.msgType,
    createTime: entry.ts,
  }
  return [revoked ? { ...message, revoked } : message]
}
