import type { LogEntry } from '../messaging/message-log.ts'
import type { CustomerSession, CustomerSessionStatus } from '../protocol/customer-session.ts'
import type { Feed, GroupId, UserId } from '../protocol/ids.ts'
import type { AuditStore, DeadLetterStore } from './audit-store.ts'
import type { GroupStore, Span } from './group-store.ts'
import type { TopicStore } from './topics/topic-store.ts'

/**
 * What the database knows. Rows only grow: a cursor, a session version and the saver's position never go back,
 * whoever writes them and in whatever order. Every method is one transaction or one statement; a read sees one
 * moment, and where it answers `position`, exactly the entries up to that position.
 */
export interface Store {
  readonly users: UserStore
  readonly messages: MessageStore
  readonly accounts: AccountStore
  readonly sessions: SessionStore
  readonly topics: TopicStore
  readonly groups: GroupStore
  readonly customerSessions: CustomerSessionStore
  readonly online: OnlineStore
  readonly audit: AuditStore
  readonly deadLetters: DeadLetterStore
  /** Creates or migrates the tables; safe however many processes start at once. */
  migrate(): Promise<void>
  /** Rejects when the database does not answer. */
  ping(): Promise<void>
  close(): Promise<void>
}

export interface UserStore {
  /** What an activation starts from. A user without rows has version 0 and no cursors. */
  load(user: UserId): Promise<UserRows>
  sessionVersion(user: UserId): Promise<number>
  /** Raises the row to at least `version`; answers what it is then. */
  raiseSessionVersion(user: UserId, version: number): Promise<number>
  /** Adds one; answers the new version. */
  nextSessionVersion(user: UserId): Promise<number>
  saveCursors(cursors: CursorBatch): Promise<void>
  /**
   * With whom the user has direct conversations, at most `limit`. Where there are more, those who have sent one of the
   * last 1,000 messages to the user go before others, the latest first.
   */
  partners(user: UserId, limit: number): Promise<readonly UserId[]>
}

export interface SessionStore {
  /** The session versions of many users at once; who has none is at 0 and not in the answer. */
  versions(users: readonly UserId[]): Promise<ReadonlyMap<UserId, number>>
}

export interface UserRows {
  readonly position: number
  readonly sessionVersion: number
  readonly delivered: readonly DeliveredCursor[]
  /** Where messages beyond the read cursor are read one by one: their seqs, ascending. */
  readonly single: readonly { readonly conversation: string; readonly seqs: readonly number[] }[]
  /** The user's own feed's last seq up to `position`; 0 when it is empty. */
  readonly lastDirectSeq: number
  /** Each time the user was in a group, and is, by when. */
  readonly memberships: readonly (Span & { readonly group: GroupId })[]
}

export interface DeliveredCursor {
  readonly device: string
  readonly feed: Feed
  readonly seq: number
}

export interface ReadCursor {
  readonly user: UserId
  readonly conversation: string
  readonly seq: number
  /**
   * Seqs beyond `seq` acknowledged one by one, at most 1,000, ascending. With a later `seq` they replace what was
   * stored, with an equal one only when they are not fewer; with an earlier one they are dropped with it.
   */
  readonly single: readonly number[]
}

export interface CursorBatch {
  readonly delivered: readonly (DeliveredCursor & { readonly user: UserId })[]
  readonly read: readonly ReadCursor[]
}

export interface MessageStore {
  position(): Promise<number>
  /** Up to `limit` entries of a feed with seq > `after`, in order. */
  readFeed(feed: Feed, after: number, limit: number): Promise<FeedPage>
  entry(seq: number): Promise<LogEntry | undefined>
  /** Under which seq the sender's id is stored; see `repeatIdOf`. */
  seqOf(sender: UserId, repeatId: string): Promise<number | undefined>
  /** The sender's last `limit` (clientMsgId, seq), newest first. */
  recentIds(sender: UserId, limit: number): Promise<readonly (readonly [clientMsgId: string, seq: number])[]>
  /** The user's conversations, groups included, each with its read cursor and the count of what lies after it. */
  unread(user: UserId): Promise<UnreadRows>
  /** A user's unread messages of one conversation, and the position as of which. */
  incoming(query: IncomingQuery): Promise<FeedPage>
  /** The newest unread message of each conversation that has one. */
  newestIncoming(user: UserId, cursors: readonly ConversationCursor[]): Promise<FeedPage>
  /** Messages of a conversation, by their senders' own ids or by seqs. */
  named(query: NamedQuery): Promise<FeedPage>
  /** A conversation's messages with seq < `before` (0: from the newest), newest first; with `spans` those in one. */
  history(
    conversation: string,
    before: number,
    limit: number,
    spans?: readonly Span[],
  ): Promise<readonly LogEntry[]>
  /** The same by page (0-based), with the total. */
  historyPage(
    conversation: string,
    page: number,
    size: number,
    spans?: readonly Span[],
  ): Promise<{ total: number; entries: readonly LogEntry[] }>
}

export interface FeedPage {
  readonly entries: readonly LogEntry[]
  readonly position: number
}

/** What of a conversation a user has read: all up to `readSeq`, and beyond it these. */
export interface ConversationCursor {
  readonly conversation: string
  readonly readSeq: number
  readonly single: readonly number[]
}

export interface IncomingQuery extends ConversationCursor {
  readonly user: UserId
  readonly order: 'oldest' | 'newest'
  readonly limit: number
}

export interface NamedQuery {
  readonly conversation: string
  /** Whose they are; without it all members', as far as they come `after` a seq. */
  readonly sender?: UserId
  readonly after?: number
  readonly clientMsgIds: readonly string[]
  readonly seqs: readonly number[]
}

export interface UnreadRows {
  readonly position: number
  readonly conversations: readonly ConversationRow[]
}

/** The cursor is the stored one or the user's own last message, whichever is later. */
export interface ConversationRow extends ConversationCursor {
  readonly unread: number
}

/** Status changes compare and set: of two agents who take a session at once, one does. Times: ms since 1970. */
export interface CustomerSessionStore {
  /** The customer's open session; a new one where there is none. */
  open(customer: UserId, now: number): Promise<CustomerSession>
  /** Undefined when there is no such session; as it is when it is no longer waiting. */
  take(
    id: string,
    agent: { readonly id: UserId; readonly name: string },
    now: number,
  ): Promise<CustomerSession | undefined>
  /** The same for a session that is closed already, or is not the user's. */
  close(
    id: string,
    user: UserId,
    reason: string | undefined,
    now: number,
  ): Promise<CustomerSession | undefined>
  /** Those of a status: waiting ones from the oldest, others from the newest. */
  list(status: CustomerSessionStatus, limit: number): Promise<readonly CustomerSession[]>
}

export type OnlineType = 'agent' | 'customer'

export interface OnlineConnection {
  readonly connId: string
  readonly user: UserId
  readonly type: OnlineType
}

/**
 * Who is connected for customer service, over all gateways. A gateway's rows count as long as it renews its lease;
 * the database's clock decides.
 */
export interface OnlineStore {
  /**
   * Prolongs the gateway's lease, and forgets gateways whose lease ended long ago. False when it was not known, or not
   * any more: then none of its connections are.
   */
  renew(gatewayId: string, seconds: number): Promise<boolean>
  /** Adds and removes connections of the gateway. */
  change(gatewayId: string, change: OnlineChange): Promise<void>
  /** Users, each once, by id; those after `after`. */
  list(type: OnlineType, after: string, limit: number): Promise<readonly UserId[]>
}

export interface OnlineChange {
  readonly added: readonly OnlineConnection[]
  readonly removed: readonly string[]
}

export interface AccountStore {
  byUsername(username: string): Promise<Account | undefined>
  byId(userId: number): Promise<Account | undefined>
  /** The names of those that exist. */
  usernames(userIds: readonly number[]): Promise<ReadonlyMap<number, string>>
  /** Ids are given in order from 10001. Undefined when the name is taken (a race of two first logins). */
  create(username: string, passwordHash: string): Promise<Account | undefined>
  /** Counts a failed login; a success (`failed` false) clears the count. Answers the count. */
  recordLogin(userId: number, failed: boolean, now: number): Promise<number>
  /** Keeps a refresh token's hash; `family` groups the tokens that descend from one login. */
  addRefreshToken(token: RefreshToken): Promise<void>
  /** Marks the token used in one step. `reused`: it had been used before, and its family is now revoked. */
  useRefreshToken(hash: string, now: number): Promise<RefreshUse>
  revokeRefreshTokens(userId: number): Promise<void>
  /** Deletes up to `limit` tokens that expired before `now` (ms since 1970), used or not. Answers how many. */
  forgetRefreshTokens(now: number, limit: number): Promise<number>
}

export interface Account {
  readonly userId: number
  readonly username: string
  readonly passwordHash: string
  readonly failedLogins: number
  /** ms since 1970; 0 when the last login succeeded. */
  readonly lastFailureAt: number
}

export interface RefreshToken {
  readonly hash: string
  readonly userId: number
  readonly family: string
  readonly sessionVersion: number
  /** ms since 1970. */
  readonly expiresAt: number
}

export type RefreshUse =
  | { readonly outcome: 'used'; readonly token: RefreshToken }
  | { readonly outcome: 'unknown' | 'expired' | 'reused' | 'revoked' }
