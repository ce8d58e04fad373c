import type { AuditEvent } from '../protocol/audit.ts'
import type { Database } from './database.ts'
import type { DeadLetter } from './saved-message.ts'
import { addEvents } from './sql-audit.ts'
import { bury } from './sql-dead-letters.ts'

/** Where auditor and saver are. */
export interface AuditPosition {
  readonly audited: number
  readonly saved: number
}

/**
 * The auditor's tables. Its position is a row like the saver's, moved from where it was read in the transaction of the
 * events: however many auditors there are, each event is in the table once.
 */
export class AuditedLog {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async position(): Promise<AuditPosition> {
    const [row] = await this.#database.rows<AuditPosition>(
      `select position as audited, (${this.#database.dialect.position}) as saved
       from audit_position where id = 1`,
    )
    if (!row) throw new Error('the auditor’s position is missing from the database')
    return row
  }

  /** Keeps events and letters and moves the position from `from` to `upTo`. False, and nothing done: it has moved. */
  save(
    from: number,
    upTo: number,
    events: readonly AuditEvent[],
    letters: readonly DeadLetter[],
  ): Promise<boolean> {
    return this.#database.transaction(async within => {
      const sql = 'update audit_position set position = ? where id = 1 and position = ?'
      if ((await this.#database.changes(sql, [upTo, from], within)) === 0) return false
      await addEvents(this.#database, events, within)
      for (const letter of letters) await bury(this.#database, letter, within)
      return true
    })
  }
}
