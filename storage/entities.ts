import { defineEntity, p } from '@mikro-orm/core'

/**
 * The tables as the ORM knows them; the migrations create them. Accounts, tokens and sessions are read and written
 * through these. Messages, cursors and conversations are many: those go through SQL of their own.
 */

/** Seqs, versions and times fit a JavaScript number. */
const big = () => p.bigint('number')

export const MessageEntity = defineEntity({
  name: 'Message',
  tableName: 'message',
  properties: {
    seq: big().primary(),
    feed: p.string(),
    conversation: p.string(),
    kind: p.string(),
    sender: p.string(),
    clientMsgId: p.string().nullable(),
    recipient: p.string(),
    body: p.text(),
    msgType: p.string(),
    /** JSON of what few messages have (mentions, replyTo, important). */
    extra: p.text().nullable(),
    ts: big(),
    revoked: p.boolean(),
  },
})

export const ConversationEntity = defineEntity({
  name: 'Conversation',
  tableName: 'conversation',
  properties: {
    userId: p.string().primary(),
    id: p.string().primary(),
    readSeq: big(),
    /** JSON array of the seqs beyond `readSeq` acknowledged one by one. */
    single: p.text().nullable(),
  },
})

export const DeliveryCursorEntity = defineEntity({
  name: 'DeliveryCursor',
  tableName: 'delivery_cursor',
  properties: {
    userId: p.string().primary(),
    device: p.string().primary(),
    feed: p.string().primary(),
    seq: big(),
  },
})

export const UserSessionEntity = defineEntity({
  name: 'UserSession',
  tableName: 'user_session',
  properties: { userId: p.string().primary(), version: big() },
})

export const AccountEntity = defineEntity({
  name: 'Account',
  tableName: 'account',
  properties: {
    userId: big().primary().autoincrement(),
    username: p.string().unique(),
    passwordHash: p.string(),
    failedLogins: p.integer(),
    lastFailureAt: big(),
  },
})

export const RefreshTokenEntity = defineEntity({
  name: 'RefreshToken',
  tableName: 'refresh_token',
  properties: {
    hash: p.string().primary(),
    userId: big(),
    family: p.string(),
    sessionVersion: big(),
    expiresAt: big(),
    /** ms since 1970; 0 while unused. */
    usedAt: big(),
    revoked: p.boolean(),
  },
})

export const entities = [
  MessageEntity,
  ConversationEntity,
  DeliveryCursorEntity,
  UserSessionEntity,
  AccountEntity,
  RefreshTokenEntity,
]
