import type { UserId } from '../protocol/ids.ts'
import { chunked, placeholders } from './chunks.ts'
import type { Database } from './database.ts'
import type { SessionStore } from './store.ts'

const USERS_A_STATEMENT = 500

export class SqlSessions implements SessionStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async versions(users: readonly UserId[]): Promise<ReadonlyMap<UserId, number>> {
    const versions = new Map<UserId, number>()
    for (const some of chunked(users, USERS_A_STATEMENT)) {
      const rows = await this.#database.rows<{ user_id: UserId; version: number }>(
        `select user_id, version from user_session where user_id in ${placeholders(1, some.length)}`,
        some,
      )
      for (const { user_id, version } of rows) versions.set(user_id, version)
    }
    return versions
  }
}
