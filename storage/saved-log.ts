import type { Transaction } from '@mikro-orm/sql'
import type { EntryRecord, LogRecord, UndecodableRecord } from '../messaging/log-reader.ts'
import { parseConversation } from '../protocol/ids.ts'
import { Recent } from '../runtime/recent.ts'
import { chunked, placeholders } from './chunks.ts'
import type { Database } from './database.ts'
import { insertMessages, letterOfMessage } from './message-insert.ts'
import { isOfValue } from './mysql-errors.ts'
import { type DeadLetter, NotAnEntry, type SavedMessage, savedMessage } from './saved-message.ts'
import { bury } from './sql-dead-letters.ts'

/** Conversations known to have their rows. */
const KNOWN_CONVERSATIONS = 100_000
const CONVERSATIONS_A_STATEMENT = 200

/** Where the saver is. Entries after `lostAfter` up to `lostUpTo` were in a log that went back; they are nowhere. */
export interface SaverPosition {
  readonly position: number
  readonly lostAfter: number
  readonly lostUpTo: number
}

/**
 * The saver's tables. The position's row is what savers meet at: each transaction begins by moving it from where
 * the saver read it, so that of two with the same records one finds it moved and writes nothing.
 */
export class SavedLog {
  readonly #database: Database
  readonly #conversations = new Recent<true>(KNOWN_CONVERSATIONS)

  constructor(database: Database) {
    this.#database = database
  }

  async position(): Promise<SaverPosition> {
    const [row] = await this.#database.rows<SaverPosition>(
      'select position, lost_after as lostAfter, lost_up_to as lostUpTo from saver_position where id = 1',
    )
    if (!row) throw new Error('the saver’s position is missing from the database')
    return row
  }

  /**
   * Saves the records, all with a seq > `from`, and moves the position to the last of them. Answers what could not
   * be saved, or `moved` when the position is no longer `from`; then nothing was written.
   * Throws SeqTaken when one of the seqs holds another message, which no saver may get over.
   */
  async save(from: number, records: readonly LogRecord[]): Promise<'moved' | readonly DeadLetter[]> {
    const upTo = records.at(-1)?.seq ?? from
    const { messages, dead } = sort(records, this.#database.dialect.insertIgnore)
    const known = new Set<string>()
    const outcome = await this.#database.transaction(async within => {
      if (!(await this.#move(from, upTo, within))) return 'moved' as const
      await this.#addConversations(messages, known, within)
      const refused = await insertMessages(this.#database, messages, within)
      const unprojected = await this.#project(messages, refused, within)
      const letters = [...dead, ...refused, ...unprojected]
      for (const letter of letters) await bury(this.#database, letter, within)
      return letters
    })
    // Not before the commit: what is rolled back is not known.
    for (const conversation of known) this.#conversations.set(conversation, true)
    return outcome
  }

  /** Gives up what a log that went back has lost: everything after `from` up to `upTo`. Answers whether it did. */
  async giveUp(from: number, upTo: number): Promise<boolean> {
    if (upTo <= from) return false
    const changed = await this.#database.changes(
      `update saver_position set position = ?, lost_after = ?, lost_up_to = ? where id = 1 and position = ?`,
      [upTo, from, upTo, from],
    )
    return changed > 0
  }

  async #move(from: number, to: number, within: Transaction): Promise<boolean> {
    const sql = 'update saver_position set position = ? where id = 1 and position = ?'
    return (await this.#database.changes(sql, [to, from], within)) > 0
  }

  /** Both sides' rows, with a conversation's first message. */
  async #addConversations(
    messages: readonly SavedMessage[],
    known: Set<string>,
    within: Transaction,
  ): Promise<void> {
    for (const { columns } of messages) {
      if (!this.#conversations.get(columns.conversation)) known.add(columns.conversation)
    }
    const rows = [...known].flatMap(id => {
      const name = parseConversation(id)
      return name?.kind === 'direct' ? name.users.map((user): [string, string] => [user, id]) : []
    })
    for (const some of chunked(rows, CONVERSATIONS_A_STATEMENT)) {
      const sql = `insert ignore into conversation (user_id, id) values ${placeholders(some.length, 2)}`
      await this.#database.run(sql, some.flat(), within)
    }
  }

  /**
   * Groups, memberships and revocations, once the rows they are about are there. Answers those that the database will
   * never take: of such a one nothing is left.
   */
  async #project(
    messages: readonly SavedMessage[],
    refused: readonly DeadLetter[],
    within: Transaction,
  ): Promise<readonly DeadLetter[]> {
    const dead = new Set(refused.map(({ seq }) => seq))
    const letters: DeadLetter[] = []
    for (const message of messages) {
      if (dead.has(message.seq) || message.projection.length === 0) continue
      const refusal = await this.#projectOne(message, within)
      if (refusal) letters.push(refusal)
    }
    return letters
  }

  async #projectOne(message: SavedMessage, within: Transaction): Promise<DeadLetter | undefined> {
    await this.#database.run('savepoint projection', [], within)
    try {
      for (const { sql, parameters } of message.projection) await this.#database.run(sql, parameters, within)
      return undefined
    } catch (error) {
      if (!isOfValue(error)) throw error
      await this.#database.run('rollback to savepoint projection', [], within)
      await this.#database.run('delete from message where seq = ?', [message.seq], within)
      return letterOfMessage(message, error)
    }
  }
}

/** Messages, and what can be none; claims and events only move the position. */
function sort(
  records: readonly LogRecord[],
  insertIgnore: string,
): { messages: SavedMessage[]; dead: DeadLetter[] } {
  const messages: SavedMessage[] = []
  const dead: DeadLetter[] = []
  for (const record of records) {
    switch (record.kind) {
      case 'entry':
        try {
          messages.push(savedMessage(record, insertIgnore))
        } catch (error) {
          if (!(error instanceof NotAnEntry)) throw error
          dead.push(shapelessLetter(record, error))
        }
        break
      case 'undecodable':
        dead.push(letterOf(record))
        break
      case 'claim':
      case 'event':
        break
      default:
        record satisfies never
    }
  }
  return { messages, dead }
}

const shapelessLetter = ({ seq, feed, entry }: EntryRecord, { message }: NotAnEntry): DeadLetter => ({
  seq,
  subject: `im.${feed}`,
  detail: message,
  payload: Buffer.from(JSON.stringify(entry)),
})

const letterOf = ({ seq, subject, dedupeId, detail, payload }: UndecodableRecord): DeadLetter => ({
  seq,
  subject,
  ...(dedupeId === undefined ? {} : { dedupeId }),
  detail,
  payload,
})
