import type { UserId } from '../protocol/ids.ts'
import { chunked, placeholders } from './chunks.ts'
import type { Database, Parameter } from './database.ts'
import type { OnlineChange, OnlineStore, OnlineType } from './store.ts'

const ROWS_A_STATEMENT = 200
/** A gateway whose lease ended so long ago is gone, s. */
const FORGET_SECONDS = 300

export class SqlOnline implements OnlineStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async renew(gatewayId: string, seconds: number): Promise<boolean> {
    const { now, onConflict, inserted } = this.#database.dialect
    const known = await this.#database.rows('select 1 from online_lease where gateway_id = ?', [gatewayId])
    await this.#database.run(
      `insert into online_lease (gateway_id, alive_until) values (?, ${now} + ?)
       ${onConflict(['gateway_id'], `alive_until = ${inserted('alive_until')}`)}`,
      [gatewayId, seconds],
    )
    await this.#forgetDead()
    return known.length > 0
  }

  async change(gatewayId: string, { added, removed }: OnlineChange): Promise<void> {
    for (const some of chunked(added, ROWS_A_STATEMENT)) {
      await this.#database.run(
        `${this.#database.dialect.insertIgnore} into online_connection (conn_id, gateway_id, user_id, type)
         values ${placeholders(some.length, 4)}`,
        some.flatMap(({ connId, user, type }): Parameter[] => [connId, gatewayId, user, type]),
      )
    }
    for (const some of chunked(removed, ROWS_A_STATEMENT)) {
      const sql = `delete from online_connection where conn_id in ${placeholders(1, some.length)}`
      await this.#database.run(sql, some)
    }
  }

  async list(type: OnlineType, after: string, limit: number): Promise<readonly UserId[]> {
    const rows = await this.#database.rows<{ user_id: UserId }>(
      `select distinct c.user_id from online_connection c
       join online_lease l on l.gateway_id = c.gateway_id and l.alive_until >= ${this.#database.dialect.now}
       where c.type = ? and c.user_id > ? order by c.user_id limit ?`,
      [type, after, limit],
    )
    return rows.map(({ user_id }) => user_id)
  }

  /** The lease goes last, so that what is cut short is done again. */
  async #forgetDead(): Promise<void> {
    const dead = `alive_until < ${this.#database.dialect.now} - ${FORGET_SECONDS}`
    const rows = await this.#database.rows<{ gateway_id: string }>(
      `select gateway_id from online_lease where ${dead}`,
    )
    for (const { gateway_id } of rows) {
      await this.#database.run('delete from online_connection where gateway_id = ?', [gateway_id])
      await this.#database.run(`delete from online_lease where gateway_id = ? and ${dead}`, [gateway_id])
    }
  }
}
