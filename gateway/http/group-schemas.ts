import { z } from 'zod'
import { MAX_USERS_A_CHANGE } from '../../protocol/groups.ts'
import { isClientMsgId, isUserId } from '../../protocol/ids.ts'
import type { HttpReason } from './refusals.ts'

/** Characters of a message; the STOMP contract's CHAT frame has the same limit. */
export const MAX_CONTENT_CHARACTERS = 5000
/** A mute that is meant to last longer is one for good. */
const MAX_MUTE_SECONDS = 315_360_000

/** A number or a text, as clients write ids. */
const userId = z.union([z.string(), z.number()]).transform(String).refine(isUserId, 'must be a user id')
const operatorId = userId.optional()
const badMessage = 'group_bad_message' satisfies HttpReason

/** No group has a name that could not be one; and a name becomes part of its actor's subject. */
const groupId = z.string().refine(isUserId, 'group_not_found' satisfies HttpReason)

export const groupParams = z.object({ id: groupId })
export const memberParams = z.object({ id: groupId, userId })
export const operatorQuery = z.object({ operatorId })
export const userQuery = z.object({ userId: userId.optional() })

const memberIds = z.array(userId).max(MAX_USERS_A_CHANGE, 'group_too_many_members' satisfies HttpReason)
const groupName = z.string('group_bad_name' satisfies HttpReason)

export const createBody = z.object({
  groupName,
  ownerId: operatorId,
  memberIds: memberIds.default([]),
  /** Who comes in: by invitation only, or also on request. */
  entryPolicy: z.enum(['INVITED', 'APPROVAL']).default('INVITED'),
})
export const renameBody = z.object({ operatorId, groupName })
export const addBody = z.object({ operatorId, memberIds: memberIds.min(1) })
export const muteMemberBody = z.object({ operatorId, seconds: z.number().int().min(0).max(MAX_MUTE_SECONDS) })
export const muteGroupBody = z.object({ operatorId, muted: z.boolean() })
export const roleBody = z.object({
  operatorId,
  role: z
    .string()
    .transform(text => text.toUpperCase())
    .pipe(z.enum(['ADMIN', 'MEMBER'])),
})
export const messageBody = z.object({
  senderId: operatorId,
  content: z
    .string(badMessage)
    .min(1, badMessage)
    .refine(text => [...text].length <= MAX_CONTENT_CHARACTERS, badMessage),
  messageType: z.enum(['TEXT', 'IMAGE', 'FILE', 'AUDIO', 'VIDEO'], badMessage).default('TEXT'),
  /** The sender's own id, by which repeats are known. */
  msgId: z.union([z.string(), z.number()], badMessage).transform(String).refine(isClientMsgId, badMessage),
})

const time = z.int().describe('ms since 1970')

export const groupData = z.object({
  groupId: z.string(),
  groupName: z.string(),
  ownerId: z.string(),
  ownerName: z.string(),
  memberCount: z.int(),
  entryPolicy: z.enum(['INVITED', 'APPROVAL']),
  muted: z.boolean(),
  createdAt: time,
  updatedAt: time,
})
export const groupsData = z.array(groupData)
export const membersData = z.array(
  z.object({
    groupId: z.string(),
    userId: z.string(),
    userName: z.string(),
    role: z.enum(['OWNER', 'ADMIN', 'MEMBER']),
    roleName: z.string(),
    joinedAt: time,
    mutedUntil: time.optional().describe('absent when the member may speak'),
  }),
)
export const sentData = z.object({
  msgId: z.string().describe('the sender’s own id'),
  serverMsgId: z.string(),
  groupId: z.string(),
  createTime: time,
})
