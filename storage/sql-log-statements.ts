import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Claim, LogEntry, NewClaim, NewEntry } from '../messaging/message-log.ts'
import { type Feed, type Owner, parseConversation } from '../protocol/ids.ts'
import { Recent } from '../runtime/recent.ts'
import { sqliteDialect } from './dialect.ts'
import { columnsOf, logEntryOf, type MessageColumns, type MessageRow } from './message-row.ts'
import { projectionOf } from './projection.ts'

/** Conversations known to have their rows, so that a message of one need not look. */
const KNOWN_CONVERSATIONS = 50_000
/** Owners whose last claim is at hand. */
const KNOWN_CLAIMS = 50_000
const KNOWN_PROJECTIONS = 100

interface ClaimRow {
  readonly epoch: number
  readonly token: string
  readonly body: string
}

const COLUMNS = 'seq, feed, kind, sender, client_msg_id, recipient, body, msg_type, extra, ts, revoked'

/** The prepared statements of the log's connection, with a memory of rows they would otherwise read every time. */
export class SqlLogStatements {
  readonly #insert: StatementSync
  readonly #bySender: StatementSync
  readonly #conversation: StatementSync
  readonly #projections = new Map<string, StatementSync>()
  readonly #claim: StatementSync
  readonly #lastClaim: StatementSync
  readonly #feed: StatementSync
  readonly #entry: StatementSync
  readonly #position: StatementSync
  readonly #conversations = new Recent<true>(KNOWN_CONVERSATIONS)
  readonly #claims = new Recent<Claim>(KNOWN_CLAIMS)

  readonly #connection: DatabaseSync

  constructor(connection: DatabaseSync) {
    this.#connection = connection
    this.#insert = connection.prepare(
      `insert into message
       (feed, conversation, kind, sender, client_msg_id, recipient, body, msg_type, extra, ts)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (sender, client_msg_id) do nothing`,
    )
    this.#bySender = connection.prepare('select seq from message where sender = ? and client_msg_id = ?')
    this.#conversation = connection.prepare(
      'insert or ignore into conversation (user_id, id) values (?, ?), (?, ?)',
    )
    this.#claim = connection.prepare('insert or replace into claim (owner, token, body) values (?, ?, ?)')
    this.#lastClaim = connection.prepare('select epoch, token, body from claim where owner = ?')
    this.#feed = connection.prepare(
      `select ${COLUMNS} from message where feed = ? and seq > ? order by seq limit ?`,
    )
    this.#entry = connection.prepare(`select ${COLUMNS} from message where seq = ?`)
    this.#position = connection.prepare('select coalesce(max(seq), 0) as position from message')
  }

  /** False once an error has ended the transaction. */
  get inTransaction(): boolean {
    return this.#connection.isTransaction
  }

  /** The new row's seq, or undefined when the sender's id is taken. */
  insert({ feed, entry }: NewEntry): number | undefined {
    const columns = columnsOf(entry)
    const { changes, lastInsertRowid } = this.#insert.run(
      feed,
      columns.conversation,
      columns.kind,
      columns.sender,
      columns.clientMsgId,
      columns.recipient,
      columns.body,
      columns.msgType,
      columns.extra,
      columns.ts,
    )
    if (changes === 0) return undefined
    const seq = Number(lastInsertRowid)
    this.#ensureConversation(columns)
    for (const { sql, parameters } of projectionOf(seq, entry, sqliteDialect.insertIgnore))
      this.#prepared(sql).run(...parameters)
    return seq
  }

  /** The seq under which the sender's id is stored. */
  seqOf({ entry }: NewEntry): number {
    const { sender, clientMsgId } = columnsOf(entry)
    return (this.#bySender.get(sender, clientMsgId) as { seq: number }).seq
  }

  lastClaim(owner: Owner): Claim | undefined {
    const known = this.#claims.get(owner)
    if (known) return known
    const row = this.#lastClaim.get(owner) as ClaimRow | undefined
    if (!row) return undefined
    const claim = { epoch: row.epoch, token: row.token, body: JSON.parse(row.body) as unknown }
    this.#claims.set(owner, claim)
    return claim
  }

  claim(owner: Owner, { token, body }: NewClaim): number {
    const { lastInsertRowid } = this.#claim.run(owner, token, JSON.stringify(body ?? null))
    const epoch = Number(lastInsertRowid)
    this.#claims.set(owner, { epoch, token, body: body ?? null })
    return epoch
  }

  /** What was remembered may be of a transaction that was rolled back. */
  forget(): void {
    this.#conversations.clear()
    this.#claims.clear()
  }

  read(feed: Feed, after: number, limit: number): LogEntry[] {
    return (this.#feed.all(feed, after, limit) as unknown as MessageRow[]).map(logEntryOf)
  }

  entry(seq: number): LogEntry | undefined {
    const row = this.#entry.get(seq) as MessageRow | undefined
    return row && logEntryOf(row)
  }

  position(): number {
    return (this.#position.get() as { position: number }).position
  }

  /** The projections' texts are few, and those that hold a list have some of the same length. */
  #prepared(sql: string): StatementSync {
    const known = this.#projections.get(sql)
    if (known) return known
    const prepared = this.#connection.prepare(sql)
    if (this.#projections.size < KNOWN_PROJECTIONS) this.#projections.set(sql, prepared)
    return prepared
  }

  /** Both sides' rows, with the conversation's first message. */
  #ensureConversation({ conversation }: MessageColumns): void {
    if (this.#conversations.get(conversation)) return
    const name = parseConversation(conversation)
    if (name?.kind === 'direct') {
      this.#conversation.run(name.users[0], conversation, name.users[1], conversation)
    }
    this.#conversations.set(conversation, true)
  }
}
