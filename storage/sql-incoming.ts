import type { Transaction } from '@mikro-orm/sql'
import type { UserId } from '../protocol/ids.ts'
import { chunked, placeholders } from './chunks.ts'
import type { Database, Parameter } from './database.ts'
import { logEntryOf, type MessageRow } from './message-row.ts'
import type { ConversationCursor, FeedPage, IncomingQuery, NamedQuery } from './store.ts'
import { CONVERSATIONS_A_STATEMENT, numbers, unreadOf } from './unread-count.ts'

/** Messages looked up by one statement. */
const NAMES_A_STATEMENT = 500

/** What of a user's conversations is unread, message by message. Each answer is of one moment. */
export class SqlIncoming {
  readonly #database: Database
  readonly #columns: string
  readonly #byConversation: string

  constructor(database: Database, columns: string) {
    this.#database = database
    this.#columns = columns
    this.#byConversation = database.dialect.byIndex('message_conversation')
  }

  incoming({ conversation, user, readSeq, single, order, limit }: IncomingQuery): Promise<FeedPage> {
    const sql = `select ${this.#columns} ${unreadOf(this.#database, { single })}
      order by seq ${order === 'oldest' ? 'asc' : 'desc'} limit ?`
    return this.#page(within => this.#rows(sql, [conversation, readSeq, user, limit], within))
  }

  newestIncoming(user: UserId, cursors: readonly ConversationCursor[]): Promise<FeedPage> {
    const newest = (cursor: ConversationCursor) =>
      `(select seq ${unreadOf(this.#database, cursor)} order by seq desc limit 1)`
    return this.#page(async within => {
      const rows: MessageRow[] = []
      for (const some of chunked(cursors, CONVERSATIONS_A_STATEMENT)) {
        const parameters = (cursor: ConversationCursor) => [cursor.conversation, cursor.readSeq, user]
        const seqs = await numbers(this.#database, some, newest, parameters, within)
        rows.push(
          ...(await this.#bySeq(
            seqs.filter(seq => seq !== null),
            within,
          )),
        )
      }
      return rows
    })
  }

  named({ conversation, sender, after = 0, clientMsgIds, seqs }: NamedQuery): Promise<FeedPage> {
    return this.#page(async within => {
      const found: MessageRow[] = []
      for (const some of chunked(clientMsgIds, NAMES_A_STATEMENT)) {
        const [where, parameters] =
          sender === undefined
            ? [`${this.#byConversation} where conversation = ? and seq > ?`, [conversation, after]]
            : ['where conversation = ? and sender = ?', [conversation, sender]]
        const sql = `select ${this.#columns}, conversation from message ${where}
          and client_msg_id in ${placeholders(1, some.length)}`
        found.push(...(await this.#rows(sql, [...parameters, ...some], within)))
      }
      for (const some of chunked(seqs, NAMES_A_STATEMENT)) {
        const rows = await this.#bySeq(some, within)
        found.push(
          ...rows.filter(row => row.conversation === conversation && row.sender === (sender ?? row.sender)),
        )
      }
      return found
    })
  }

  #bySeq(seqs: readonly number[], within: Transaction): Promise<ConversationMessage[]> {
    if (seqs.length === 0) return Promise.resolve([])
    const sql = `select ${this.#columns}, conversation from message where seq in ${placeholders(1, seqs.length)}`
    return this.#rows(sql, seqs, within)
  }

  #rows(sql: string, parameters: readonly Parameter[], within: Transaction): Promise<ConversationMessage[]> {
    return this.#database.rows<ConversationMessage>(sql, parameters, within)
  }

  #page(read: (within: Transaction) => Promise<readonly MessageRow[]>): Promise<FeedPage> {
    return this.#database.snapshot(async within => {
      const [head] = await this.#database.rows<{ position: number }>(
        `select (${this.#database.dialect.position}) as position`,
        [],
        within,
      )
      return { position: head?.position ?? 0, entries: (await read(within)).map(logEntryOf) }
    })
  }
}

interface ConversationMessage extends MessageRow {
  readonly conversation: string
}
