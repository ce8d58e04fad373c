import type { Transaction } from '@mikro-orm/sql'
import type { AuditEvent } from '../protocol/audit.ts'
import { type AuditRow, eventOfRow, insertEvents } from './audit-row.ts'
import type { AuditedEvent, AuditQuery, AuditStore } from './audit-store.ts'
import type { Database, Parameter } from './database.ts'

export class SqlAudit implements AuditStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  add(events: readonly AuditEvent[]): Promise<void> {
    return this.#database.transaction(within => addEvents(this.#database, events, within))
  }

  async list({ before, limit, ...wanted }: AuditQuery): Promise<readonly AuditedEvent[]> {
    const columns = { user_id: wanted.user, by_id: wanted.by, event: wanted.event, group_id: wanted.group }
    const given = Object.entries(columns).flatMap(([column, value]) =>
      value === undefined ? [] : [{ column, value }],
    )
    const where = ['id < ?', ...given.map(({ column }) => `${column} = ?`)].join(' and ')
    const parameters: Parameter[] = [before === 0 ? Number.MAX_SAFE_INTEGER : before]
    const rows = await this.#database.rows<AuditRow>(
      `select * from audit_event where ${where} order by id desc limit ?`,
      [...parameters, ...given.map(({ value }) => value), limit],
    )
    return rows.map(eventOfRow)
  }

  async forget(at: number, limit: number): Promise<number> {
    const old = await this.#database.rows<{ id: number }>(
      'select id from audit_event where at < ? order by at limit ?',
      [at, limit],
    )
    if (old.length === 0) return 0
    // Those found, and no range: events come late, and a range would lock what is being written.
    const ids = old.map(({ id }) => Number(id)).join(', ')
    return this.#database.changes(`delete from audit_event where id in (${ids})`)
  }
}

/** Leaves out events that are there; any other trouble with one of them is thrown. */
export async function addEvents(
  database: Database,
  events: readonly AuditEvent[],
  within: Transaction,
): Promise<void> {
  const { dialect } = database
  const ending = dialect.onConflict(['event_id'], `event_id = ${dialect.inserted('event_id')}`)
  for (const { sql, parameters } of insertEvents({ insert: 'insert', ending }, events))
    await database.run(sql, parameters, within)
}
