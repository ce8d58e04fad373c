import type { MessageColumns } from './message-row.ts'
import type { Statement } from './projection.ts'

/** A message of the log on its way to its row. */
export interface SavedMessage {
  readonly seq: number
  readonly feed: string
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
  readonly payload: Uint8Array
}
