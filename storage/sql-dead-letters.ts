import type { Transaction } from '@mikro-orm/sql'
import type { AuditEvent } from '../protocol/audit.ts'
import type { Entry } from '../protocol/entries.ts'
import { type Feed, parseConversation } from '../protocol/ids.ts'
import type { DeadLetterRow, DeadLetterStore, ReplayOutcome } from './audit-store.ts'
import { placeholders } from './chunks.ts'
import type { Database, Parameter } from './database.ts'
import { insertMessages } from './message-insert.ts'
import { isDuplicate, isOfValue } from './mysql-errors.ts'
import { type DeadLetter, NotAnEntry, type SavedMessage, savedMessage } from './saved-message.ts'
import { addEvents } from './sql-audit.ts'

const COLUMNS = 'seq, subject, dedupe_id as dedupeId, detail, payload, at'
/** What a column of `dead_letter` takes. */
const MAX_DETAIL = 1000
const MAX_NAME = 255

type Row = Omit<DeadLetterRow, 'dedupeId'> & { readonly dedupeId: string | null }

/** Ends a transaction that turned out to be one that must leave nothing. */
class StillRefused extends Error {}

export class SqlDeadLetters implements DeadLetterStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async list(after: number, limit: number): Promise<readonly DeadLetterRow[]> {
    const sql = `select ${COLUMNS} from dead_letter where seq > ? order by seq limit ?`
    return (await this.#database.rows<Row>(sql, [after, limit])).map(letterOf)
  }

  async find(seq: number): Promise<DeadLetterRow | undefined> {
    const rows = await this.#database.rows<Row>(`select ${COLUMNS} from dead_letter where seq = ?`, [seq])
    return rows.map(letterOf)[0]
  }

  replayEntry(seq: number, feed: Feed, entry: Entry, event: AuditEvent): Promise<ReplayOutcome> {
    return this.#replay(seq, event, async within => {
      const message = this.#messageOf(seq, feed, entry)
      if (await this.#isStored(message, within)) return 'already_stored'
      const [refused] = await insertMessages(this.#database, [message], within)
      if (refused) throw new StillRefused(refused.detail)
      await this.#addConversation(message, within)
      for (const { sql, parameters } of message.projection) await this.#database.run(sql, parameters, within)
      return 'stored'
    })
  }

  replayEvent(seq: number, stored: AuditEvent, event: AuditEvent): Promise<ReplayOutcome> {
    return this.#replay(seq, event, async within => {
      await addEvents(this.#database, [stored], within)
      return 'stored'
    })
  }

  drop(seq: number, event: AuditEvent): Promise<boolean> {
    return this.#database.transaction(async within => {
      if (!(await this.#remove(seq, within))) return false
      await addEvents(this.#database, [event], within)
      return true
    })
  }

  /** Of two that replay a letter at the same time, the second finds it gone. */
  async #replay(
    seq: number,
    event: AuditEvent,
    store: (within: Transaction) => Promise<'stored' | 'already_stored'>,
  ): Promise<ReplayOutcome> {
    try {
      return await this.#database.transaction(async within => {
        if (!(await this.#remove(seq, within))) return { outcome: 'gone' }
        const outcome = await store(within)
        await addEvents(this.#database, [{ ...event, detail: { ...event.detail, outcome } }], within)
        return { outcome }
      })
    } catch (error) {
      if (
        error instanceof StillRefused ||
        error instanceof NotAnEntry ||
        isOfValue(error) ||
        isDuplicate(error)
      )
        return { outcome: 'refused', detail: (error as Error).message.slice(0, MAX_DETAIL) }
      throw error
    }
  }

  async #remove(seq: number, within: Transaction): Promise<boolean> {
    return (await this.#database.changes('delete from dead_letter where seq = ?', [seq], within)) > 0
  }

  async #isStored({ seq, columns }: SavedMessage, within: Transaction): Promise<boolean> {
    const rows = await this.#database.rows(
      'select seq from message where seq = ? or (sender = ? and client_msg_id = ?)',
      [seq, columns.sender, columns.clientMsgId],
      within,
    )
    return rows.length > 0
  }

  #messageOf(seq: number, feed: Feed, entry: Entry): SavedMessage {
    return savedMessage({ seq, feed, entry, bytes: 0 }, this.#database.dialect.insertIgnore)
  }

  async #addConversation({ columns }: SavedMessage, within: Transaction): Promise<void> {
    const name = parseConversation(columns.conversation)
    if (name?.kind !== 'direct') return
    const sql = `${this.#database.dialect.insertIgnore} into conversation (user_id, id) values (?, ?), (?, ?)`
    const [a, b] = name.users
    await this.#database.run(sql, [a, columns.conversation, b, columns.conversation], within)
  }
}

/** Puts a letter where admins find it. */
export async function bury(database: Database, letter: DeadLetter, within: Transaction): Promise<void> {
  const values: Parameter[] = [
    letter.seq,
    letter.subject.slice(0, MAX_NAME),
    letter.dedupeId?.slice(0, MAX_NAME) ?? null,
    letter.detail.slice(0, MAX_DETAIL),
    Buffer.from(letter.payload),
    Date.now(),
  ]
  await database.run(
    `insert into dead_letter (seq, subject, dedupe_id, detail, payload, at) values ${placeholders(1, 6)}`,
    values,
    within,
  )
}

const letterOf = ({ dedupeId, ...row }: Row): DeadLetterRow => ({
  ...row,
  ...(dedupeId !== null && { dedupeId }),
})
