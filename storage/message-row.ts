import type { LogEntry } from '../messaging/message-log.ts'
import {
  type Content,
  type Entry,
  type GroupEntry,
  type JoinDecisionEntry,
  type JoinRequestEntry,
  type NoticeEntry,
  type RevocationEntry,
  repeatIdOf,
} from '../protocol/entries.ts'
import { directConversation, type Feed, groupConversation, type UserId } from '../protocol/ids.ts'

/** What a row of `message` holds of an entry, apart from its place in the log. */
export interface MessageColumns {
  /** Empty for what is no message: history does not show it, and unread does not count it. */
  readonly conversation: string
  readonly kind: Entry['kind']
  readonly sender: UserId
  /** What the sender's repeats are known by; null for a repeat that was stored as a new message. */
  readonly clientMsgId: string | null
  /** A user, or of what goes to a group its id. */
  readonly recipient: string
  readonly body: string
  readonly msgType: string
  /** JSON of what has no column, or null when there is nothing of it. */
  readonly extra: string | null
  readonly ts: number
}

/** Whether columns made of something that came over the wire are what their type says. */
export function isWhole(columns: MessageColumns): boolean {
  const { conversation, kind, sender, clientMsgId, recipient, body, msgType, ts } = columns
  const texts = [conversation, kind, sender, clientMsgId, recipient, body, msgType]
  return texts.every(text => typeof text === 'string') && Number.isSafeInteger(ts)
}

/** A row of `message` as the database answers it. */
export interface MessageRow {
  readonly seq: number
  readonly feed: Feed
  readonly kind: Entry['kind']
  readonly sender: UserId
  readonly client_msg_id: string | null
  readonly recipient: string
  readonly body: string
  readonly msg_type: string
  readonly extra: string | null
  readonly ts: number
  readonly revoked: number
}

export function columnsOf(entry: Entry): MessageColumns {
  const { kind, from: sender, ts } = entry
  const common = { kind, sender, clientMsgId: repeatIdOf(entry), ts }
  switch (entry.kind) {
    case 'direct': {
      const { to: recipient, body, msgType } = entry
      const conversation = directConversation(sender, recipient)
      return { ...common, conversation, recipient, body, msgType, extra: extraOf(entry) }
    }
    case 'group': {
      const { group: recipient, body, msgType } = entry
      const extra = extraOf(entry, { ordinal: entry.ordinal })
      return { ...common, conversation: groupConversation(recipient), recipient, body, msgType, extra }
    }
    case 'notice':
      return { ...common, ...noMessage, recipient: entry.group, extra: json(ownParts(entry)) }
    case 'revocation':
      return {
        ...common,
        ...noMessage,
        recipient: entry.group ?? entry.to ?? '',
        extra: json(ownParts(entry)),
      }
    case 'join-request': {
      const { body, to: recipient, ...own } = ownParts(entry)
      return { ...common, ...noMessage, recipient, body, extra: json(own) }
    }
    case 'join-decision': {
      const { to: recipient, ...own } = ownParts(entry)
      return { ...common, ...noMessage, recipient, extra: json(own) }
    }
    default:
      return entry satisfies never
  }
}

/** The entry a row was made of. One stored without its client's id (a late repeat) has an empty one. */
export function logEntryOf(row: MessageRow): LogEntry {
  const stored = { seq: row.seq, feed: row.feed, entry: entryOf(row) }
  return row.revoked ? { ...stored, revoked: true } : stored
}

function entryOf(row: MessageRow): Entry {
  const from = row.sender
  const { ts } = row
  const message = { from, clientMsgId: row.client_msg_id ?? '', body: row.body, msgType: row.msg_type, ts }
  switch (row.kind) {
    case 'direct':
      return { kind: row.kind, ...message, to: row.recipient, ...parsed<Partial<Content>>(row) }
    case 'group':
      return { kind: row.kind, ...message, group: row.recipient, ...parsed<Pick<GroupEntry, 'ordinal'>>(row) }
    case 'notice':
      return { kind: row.kind, from, ts, ...parsed<Own<NoticeEntry>>(row) }
    case 'revocation':
      return { kind: row.kind, from, ts, ...parsed<Own<RevocationEntry>>(row) }
    case 'join-request': {
      const own = parsed<Omit<Own<JoinRequestEntry>, 'to' | 'body'>>(row)
      return { kind: row.kind, from, to: row.recipient, body: row.body, ts, ...own }
    }
    case 'join-decision': {
      const own = parsed<Omit<Own<JoinDecisionEntry>, 'to'>>(row)
      return { kind: row.kind, from, to: row.recipient, ts, ...own }
    }
    default:
      return row.kind satisfies never
  }
}

type Own<E extends Entry> = Omit<E, 'kind' | 'from' | 'ts'>

function ownParts<E extends Entry>(entry: E): Own<E> {
  const { kind: _, from: _from, ts: _ts, ...own } = entry
  return own
}

const noMessage = { conversation: '', body: '', msgType: '' } as const

const json = (value: object): string => JSON.stringify(value)

const parsed = <T>({ extra }: MessageRow): T => (extra === null ? {} : JSON.parse(extra)) as T

function extraOf({ mentions, replyTo, important }: Content, more?: object): string | null {
  if (!more && mentions === undefined && replyTo === undefined && important === undefined) return null
  return json({ ...more, mentions, replyTo, important })
}
