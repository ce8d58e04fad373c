import type { Transaction } from '@mikro-orm/sql'
import { dedupeIdOf } from '../protocol/entries.ts'
import { placeholders } from './chunks.ts'
import type { Database, Parameter } from './database.ts'
import { isDuplicate, isOfValue } from './mysql-errors.ts'
import type { DeadLetter, SavedMessage } from './saved-message.ts'

/** Rows of one statement: more bring nothing. */
const ROWS_A_STATEMENT = 100
/** Bytes of one statement, far below the least `max_allowed_packet` (16 MB), as escaping may double them. */
const BYTES_A_STATEMENT = 2_000_000

const COLUMNS =
  'seq, feed, conversation, kind, sender, client_msg_id, recipient, body, msg_type, extra, ts' as const

/** The log's entry is not what the database has under its seq: one of the two is not what it was. */
export class SeqTaken extends Error {
  constructor(seq: number) {
    super(`the database holds another message under seq ${seq}`)
    this.name = 'SeqTaken'
  }
}

/** Inserts the rows and answers those the database will never take. Throws SeqTaken. */
export async function insertMessages(
  database: Database,
  messages: readonly SavedMessage[],
  within: Transaction,
): Promise<readonly DeadLetter[]> {
  const dead: DeadLetter[] = []
  for (const some of statements(messages)) {
    try {
      await insert(database, some, within)
    } catch (error) {
      if (!isDuplicate(error) && !isOfValue(error)) throw error
      // The statement left nothing, the transaction goes on: row by row it shows which one it was.
      for (const message of some) dead.push(...(await insertOne(database, message, within)))
    }
  }
  return dead
}

function* statements(messages: readonly SavedMessage[]): Generator<readonly SavedMessage[]> {
  let some: SavedMessage[] = []
  let bytes = 0
  for (const message of messages) {
    if (some.length === ROWS_A_STATEMENT || (some.length > 0 && bytes + message.bytes > BYTES_A_STATEMENT)) {
      yield some
      some = []
      bytes = 0
    }
    some.push(message)
    bytes += message.bytes
  }
  if (some.length > 0) yield some
}

function insert(database: Database, some: readonly SavedMessage[], within: Transaction): Promise<void> {
  const sql = `insert into message (${COLUMNS}) values ${placeholders(some.length, 11)}`
  return database.run(sql, some.flatMap(valuesOf), within)
}

async function insertOne(
  database: Database,
  message: SavedMessage,
  within: Transaction,
): Promise<readonly DeadLetter[]> {
  try {
    await insert(database, [message], within)
  } catch (error) {
    if (isOfValue(error)) return [letterOfMessage(message, error)]
    if (!isDuplicate(error)) throw error
    const present = await bodyUnder(message.seq, database, within)
    if (present !== undefined) {
      if (present === message.columns.body) return []
      throw new SeqTaken(message.seq)
    }
    // A repeat beyond the log's memory of ids was accepted and delivered as a new message, so it is one here, too.
    await insert(database, [{ ...message, columns: { ...message.columns, clientMsgId: null } }], within)
  }
  return []
}

async function bodyUnder(seq: number, database: Database, within: Transaction): Promise<string | undefined> {
  const [row] = await database.rows<{ body: string }>('select body from message where seq = ?', [seq], within)
  return row?.body
}

const valuesOf = ({ seq, feed, columns }: SavedMessage): Parameter[] => [
  seq,
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
]

export const letterOfMessage = ({ seq, feed, entry }: SavedMessage, error: unknown): DeadLetter => ({
  seq,
  subject: `im.${feed}`,
  dedupeId: dedupeIdOf(entry),
  detail: error instanceof Error ? error.message : String(error),
  payload: Buffer.from(JSON.stringify(entry)),
})
