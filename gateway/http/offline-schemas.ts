import { z } from 'zod'
import { userId } from './offline-rules.ts'
import type { HttpReason } from './refusals.ts'

/** What the routes under /im/offline take and answer. Source: the STOMP and REST contract, "DTOs". */

const OFFLINE_LIMIT = 20
const MAX_OFFLINE_LIMIT = 100
const MAX_ACKNOWLEDGED = 1000

const badLimit = 'offline_bad_limit' satisfies HttpReason
const missingIds = 'offline_missing_ids' satisfies HttpReason

const limit = z.coerce
  .number(badLimit)
  .int(badLimit)
  .min(1, badLimit)
  .max(MAX_OFFLINE_LIMIT, badLimit)
  .default(OFFLINE_LIMIT)

/** A sender's own id or a serverMsgId. */
const msgId = z
  .union([z.string(), z.number()], missingIds)
  .transform(String)
  .refine(text => text !== '', missingIds)

export const userQuery = z.object({ userId })
export const conversationParams = z.object({ conversationId: z.string() })
export const messagesQuery = z.object({ userId, limit })
export const resetQuery = z.object({ userId, conversationId: z.string() })
export const ackBody = z.object({
  userId,
  conversationId: z.string(),
  msgIds: z.array(msgId, missingIds).min(1, missingIds).max(MAX_ACKNOWLEDGED, missingIds),
})

export const summaryData = z.array(
  z.object({
    conversationId: z.string(),
    unreadCount: z.int(),
    lastMessageBrief: z.string().describe('50 characters of the newest unread message, and "..."'),
    lastMessageTime: z.int().describe('ms since 1970'),
  }),
)

export const messagesData = z.object({
  conversationId: z.string(),
  messages: z
    .array(
      z.object({
        msgId: z.string().describe('the sender’s own id'),
        serverMsgId: z.string(),
        msgBrief: z.string(),
        createdAt: z.int().describe('ms since 1970'),
      }),
    )
    .describe('newest first'),
  hasMore: z.boolean(),
})
