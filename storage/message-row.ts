import type { LogEntry } from '../messaging/message-log.ts'
import type { Entry } from '../protocol/entries.ts'
import { directConversation, type Feed, type UserId } from '../protocol/ids.ts'

/** What a row of `message` holds of an entry, apart from its place in the log. */
export interface MessageColumns {
  readonly conversation: string
  readonly kind: Entry['kind']
  readonly sender: UserId
  /** Null for a repeat that was stored as a new message. */
  readonly clientMsgId: string | null
  readonly recipient: UserId
  readonly body: string
  readonly msgType: string
  /** JSON, or null when the message has nothing of it. */
  readonly extra: string | null
  readonly ts: number
}

/** A row of `message` as the database answers it. */
export interface MessageRow {
  readonly seq: number
  readonly feed: Feed
  readonly kind: Entry['kind']
  readonly sender: UserId
  readonly client_msg_id: string | null
  readonly recipient: UserId
  readonly body: string
  readonly msg_type: string
  readonly extra: string | null
  readonly ts: number
}

type Extra = Pick<Entry, 'mentions' | 'replyTo' | 'important'>

export function columnsOf(entry: Entry): MessageColumns {
  switch (entry.kind) {
    case 'direct':
      return {
        conversation: directConversation(entry.from, entry.to),
        kind: entry.kind,
        sender: entry.from,
        clientMsgId: entry.clientMsgId,
        recipient: entry.to,
        body: entry.body,
        msgType: entry.msgType,
        extra: extraOf(entry),
        ts: entry.ts,
      }
    default:
      return entry.kind satisfies never
  }
}

/** The entry a row was made of. One stored without its client's id (a late repeat) has an empty one. */
export function logEntryOf(row: MessageRow): LogEntry {
  return { seq: row.seq, feed: row.feed, entry: entryOf(row) }
}

function entryOf(row: MessageRow): Entry {
  switch (row.kind) {
    case 'direct':
      return {
        kind: row.kind,
        from: row.sender,
        to: row.recipient,
        clientMsgId: row.client_msg_id ?? '',
        body: row.body,
        msgType: row.msg_type,
        ts: row.ts,
        ...(row.extra === null ? undefined : (JSON.parse(row.extra) as Extra)),
      }
    default:
      return row.kind satisfies never
  }
}

function extraOf({ mentions, replyTo, important }: Entry): string | null {
  if (mentions === undefined && replyTo === undefined && important === undefined) return null
  return JSON.stringify({ mentions, replyTo, important } satisfies Partial<Record<keyof Extra, unknown>>)
}
