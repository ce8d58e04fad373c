import type { LogEntry } from '../messaging/message-log.ts'
import type { Feed, UserId } from '../protocol/ids.ts'
import type { Database, Parameter } from './database.ts'
import type { Span } from './group-store.ts'
import { logEntryOf, type MessageRow } from './message-row.ts'
import { SqlIncoming } from './sql-incoming.ts'
import type {
  ConversationCursor,
  FeedPage,
  IncomingQuery,
  MessageStore,
  NamedQuery,
  UnreadRows,
} from './store.ts'
import { countUnread } from './unread-count.ts'

/** A row of `message`, or one before them (its `feed` is null) that carries a number in `seq`. */
type HeadedRow = MessageRow | { readonly feed: null; readonly seq: number }

export class SqlMessages implements MessageStore {
  readonly #database: Database
  readonly #columns: string
  readonly #byConversation: string
  readonly #incoming: SqlIncoming

  constructor(database: Database) {
    this.#database = database
    this.#byConversation = database.dialect.byIndex('message_conversation')
    this.#columns = `seq, feed, kind, sender, ${database.dialect.text('client_msg_id')} as client_msg_id,
      recipient, body, msg_type, extra, ts, revoked`
    this.#incoming = new SqlIncoming(database, this.#columns)
  }

  async position(): Promise<number> {
    const rows = await this.#database.rows<{ position: number }>(
      `select (${this.#database.dialect.position}) as position`,
    )
    return rows[0]?.position ?? 0
  }

  async readFeed(feed: Feed, after: number, limit: number): Promise<FeedPage> {
    const { head, entries } = await this.#headed(
      this.#database.dialect.position,
      `from message ${this.#database.dialect.byIndex('message_feed')}
       where feed = ? and seq > ? order by seq limit ?`,
      [feed, after, limit],
    )
    return { position: head, entries: entries.sort((a, b) => a.seq - b.seq) }
  }

  async entry(seq: number): Promise<LogEntry | undefined> {
    const [row] = await this.#database.rows<MessageRow>(
      `select ${this.#columns} from message where seq = ?`,
      [seq],
    )
    return row && logEntryOf(row)
  }

  async seqOf(sender: UserId, repeatId: string): Promise<number | undefined> {
    const [row] = await this.#database.rows<{ seq: number }>(
      'select seq from message where sender = ? and client_msg_id = ?',
      [sender, repeatId],
    )
    return row?.seq
  }

  async recentIds(sender: UserId, limit: number): Promise<readonly (readonly [string, number])[]> {
    const rows = await this.#database.rows<{ client_msg_id: string; seq: number }>(
      `select ${this.#database.dialect.text('client_msg_id')} as client_msg_id, seq
       from message ${this.#database.dialect.byIndex('message_sender')}
       where sender = ? and client_msg_id is not null and kind in ('direct', 'group') order by seq desc limit ?`,
      [sender, limit],
    )
    return rows.map(row => [row.client_msg_id, row.seq] as const)
  }

  unread(user: UserId): Promise<UnreadRows> {
    return countUnread(this.#database, user)
  }

  incoming(query: IncomingQuery): Promise<FeedPage> {
    return this.#incoming.incoming(query)
  }

  newestIncoming(user: UserId, cursors: readonly ConversationCursor[]): Promise<FeedPage> {
    return this.#incoming.newestIncoming(user, cursors)
  }

  named(query: NamedQuery): Promise<FeedPage> {
    return this.#incoming.named(query)
  }

  async history(
    conversation: string,
    before: number,
    limit: number,
    spans?: readonly Span[],
  ): Promise<readonly LogEntry[]> {
    const rows = await this.#database.rows<MessageRow>(
      `select ${this.#columns} from message ${this.#byConversation}
       where conversation = ? and seq < ? ${within(spans)} order by seq desc limit ?`,
      [conversation, before === 0 ? Number.MAX_SAFE_INTEGER : before, limit],
    )
    return rows.map(logEntryOf)
  }

  async historyPage(conversation: string, page: number, size: number, spans?: readonly Span[]) {
    const { head, entries } = await this.#headed(
      `select count(*) from message where conversation = ? ${within(spans)}`,
      `from message ${this.#byConversation} where conversation = ? ${within(spans)}
       order by seq desc limit ? offset ?`,
      [conversation, conversation, size, page * size],
    )
    return { total: head, entries: entries.sort((a, b) => b.seq - a.seq) }
  }

  /** A number and messages in one statement, and so of one moment, also where there are no messages. */
  async #headed(head: string, from: string, parameters: readonly Parameter[]) {
    const rows = await this.#database.rows<HeadedRow>(
      `select (${head}) as seq, null as feed, null as kind, null as sender, null as client_msg_id,
         null as recipient, null as body, null as msg_type, null as extra, 0 as ts, 0 as revoked
       union all select * from (select ${this.#columns} ${from}) page`,
      parameters,
    )
    let number = 0
    const entries: LogEntry[] = []
    for (const row of rows) {
      if (row.feed === null) number = row.seq
      else entries.push(logEntryOf(row))
    }
    return { head: number, entries }
  }
}

/** Spans stand as constants: they are the database's own numbers, and their count changes. */
function within(spans: readonly Span[] | undefined): string {
  if (!spans) return ''
  const each = spans.map(({ from, to }) =>
    to === undefined ? `seq >= ${Number(from)}` : `seq between ${Number(from)} and ${Number(to)}`,
  )
  return `and (${each.join(' or ') || '1 = 0'})`
}
