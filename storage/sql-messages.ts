import type { LogEntry } from '../messaging/message-log.ts'
import type { Feed, UserId } from '../protocol/ids.ts'
import type { Database, Parameter } from './database.ts'
import { logEntryOf, type MessageRow } from './message-row.ts'
import type { ConversationRow, FeedPage, MessageStore, UnreadRows } from './store.ts'

/** A row of `message`, or one before them (its `feed` is null) that carries a number in `seq`. */
type HeadedRow = MessageRow | { readonly feed: null; readonly seq: number }

interface UnreadRow {
  readonly id: string | null
  readonly single: string | null
  readonly read_to: number
  readonly unread: number
}

export class SqlMessages implements MessageStore {
  readonly #database: Database
  readonly #columns: string

  constructor(database: Database) {
    this.#database = database
    this.#columns = `seq, feed, kind, sender, ${database.dialect.text('client_msg_id')} as client_msg_id,
      recipient, body, msg_type, extra, ts`
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
      'from message where feed = ? and seq > ? order by seq limit ?',
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

  async recentIds(sender: UserId, limit: number): Promise<readonly (readonly [string, number])[]> {
    const rows = await this.#database.rows<{ client_msg_id: string; seq: number }>(
      `select ${this.#database.dialect.text('client_msg_id')} as client_msg_id, seq from message
       where sender = ? and client_msg_id is not null order by seq desc limit ?`,
      [sender, limit],
    )
    return rows.map(row => [row.client_msg_id, row.seq] as const)
  }

  /** Looks at nothing older than the later of the stored cursor and the user's own last message. */
  async unreadDirect(user: UserId): Promise<UnreadRows> {
    const { contains, greatest, position } = this.#database.dialect
    const ownLast = `select m.seq from message m
      where m.conversation = c.id and m.seq > c.read_seq and m.sender = ? order by m.seq desc limit 1`
    const unread = `select count(*) from message m
      where m.conversation = t.id and m.seq > t.read_to and m.sender <> ? and m.revoked = 0
        and (t.single is null or not ${contains('t.single', 'm.seq')})`
    const rows = await this.#database.rows<UnreadRow>(
      `select null as id, null as single, 0 as read_to, (${position}) as unread
       union all select t.id, t.single, t.read_to, (${unread}) from (
         select c.id, c.single, ${greatest('c.read_seq', `coalesce((${ownLast}), 0)`)} as read_to
         from conversation c where c.user_id = ? and c.id like 'direct:%'
       ) t`,
      [user, user, user],
    )
    return {
      position: rows.find(row => row.id === null)?.unread ?? 0,
      conversations: rows.flatMap(row => conversationRow(row) ?? []),
    }
  }

  async history(conversation: string, before: number, limit: number): Promise<readonly LogEntry[]> {
    const rows = await this.#database.rows<MessageRow>(
      `select ${this.#columns} from message where conversation = ? and seq < ? order by seq desc limit ?`,
      [conversation, before === 0 ? Number.MAX_SAFE_INTEGER : before, limit],
    )
    return rows.map(logEntryOf)
  }

  async historyPage(conversation: string, page: number, size: number) {
    const { head, entries } = await this.#headed(
      'select count(*) from message where conversation = ?',
      'from message where conversation = ? order by seq desc limit ? offset ?',
      [conversation, conversation, size, page * size],
    )
    return { total: head, entries: entries.sort((a, b) => b.seq - a.seq) }
  }

  /** A number and messages in one statement, and so of one moment, also where there are no messages. */
  async #headed(head: string, from: string, parameters: readonly Parameter[]) {
    const rows = await this.#database.rows<HeadedRow>(
      `select (${head}) as seq, null as feed, null as kind, null as sender, null as client_msg_id,
         null as recipient, null as body, null as msg_type, null as extra, 0 as ts
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

function conversationRow(row: UnreadRow): ConversationRow | undefined {
  if (row.id === null) return undefined
  const single = row.single === null ? [] : (JSON.parse(row.single) as number[])
  return {
    conversation: row.id,
    readSeq: row.read_to,
    single: single.filter(seq => seq > row.read_to),
    unread: row.unread,
  }
}
