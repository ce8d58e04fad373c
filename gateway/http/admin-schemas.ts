import { z } from 'zod'
import { auditNames } from '../../protocol/audit.ts'
import { isUserId, parseSeq } from '../../protocol/ids.ts'

/** What the routes under /admin take and answer. */

const LIMIT = 50
const MAX_LIMIT = 500

const id = z.string().refine(isUserId, 'must be an id').optional()
const limit = z.coerce.number().int().min(1).max(MAX_LIMIT).default(LIMIT)
const place = z
  .string()
  .refine(text => text === '0' || parseSeq(text) !== undefined, 'must be a decimal number')
  .default('0')

export const auditQuery = z.object({
  userId: id.describe('whom it concerns'),
  byId: id.describe('who did it'),
  event: z.enum(auditNames).optional(),
  groupId: id,
  before: place.describe('the id of the last event of the page before'),
  limit,
})

export const deadLettersQuery = z.object({
  after: place.describe('the id of the last letter of the page before'),
  limit,
})

export const letterParams = z.object({
  id: z.string().refine(text => parseSeq(text) !== undefined, 'must be a serverMsgId'),
})

export const auditData = z.object({
  events: z
    .array(
      z.object({
        id: z.string(),
        event: z.enum(auditNames),
        userId: z.string().describe('whom it concerns'),
        byId: z.string().describe('who did it'),
        createdAt: z.int().describe('ms since 1970'),
        groupId: z.string().optional(),
        connId: z.string().optional(),
        gatewayId: z.string().optional(),
        device: z.string().optional(),
        address: z.string().optional(),
        detail: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .describe('newest first'),
  hasMore: z.boolean(),
})

export const deadLettersData = z.object({
  letters: z
    .array(
      z.object({
        id: z.string().describe('its serverMsgId'),
        subject: z.string(),
        fromUserId: z.string().optional(),
        msgId: z.string().optional().describe('the sender’s own id'),
        detail: z.string().describe('why it could not be saved'),
        payload: z.string(),
        encoding: z.enum(['utf8', 'base64']),
        createdAt: z.int().describe('ms since 1970'),
      }),
    )
    .describe('oldest first'),
  hasMore: z.boolean(),
})

export const replayData = z.object({
  outcome: z.enum(['stored', 'already_stored']).describe('already_stored: its sender has repeated it since'),
})
