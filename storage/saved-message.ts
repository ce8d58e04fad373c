import type { EntryRecord } from '../messaging/log-reader.ts'
import type { Entry } from '../protocol/entries.ts'
import { columnsOf, isWhole, type MessageColumns } from './message-row.ts'
import { projectionOf } from './projection.ts'
import type { Statement } from './statement.ts'

/** A message of the log on its way to its row. */
export interface SavedMessage {
  readonly seq: number
  readonly feed: string
  readonly entry: Entry
  readonly columns: MessageColumns
  /** What it changes besides its row. */
  readonly projection: readonly Statement[]
  readonly bytes: number
}

/** What cannot be a row, and who waits for it. */
export interface DeadLetter {
  readonly seq: number
  readonly subject: string
  /** `<sender>:<clientMsgId>`, where it is known. */
  readonly dedupeId?: string
  readonly detail: string
  /** As it is in the log. */
  readonly payload: Uint8Array
}

/** JSON that only begins like an entry. */
export class NotAnEntry extends Error {
  constructor(cause?: unknown) {
    super('not an entry', { cause })
    this.name = 'NotAnEntry'
  }
}

/** Throws NotAnEntry. `insertIgnore` is the dialect's. */
export function savedMessage(
  { seq, feed, entry, bytes }: Omit<EntryRecord, 'kind'>,
  insertIgnore: string,
): SavedMessage {
  let message: SavedMessage
  try {
    const projection = projectionOf(seq, entry, insertIgnore)
    message = { seq, feed, entry, columns: columnsOf(entry), projection, bytes }
  } catch (error) {
    throw new NotAnEntry(error)
  }
  if (!isWhole(message.columns)) throw new NotAnEntry()
  return message
}
