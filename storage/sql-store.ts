import { type Database, openSqlite } from './database.ts'
import { SqlAccounts } from './sql-accounts.ts'
import { SqlMessages } from './sql-messages.ts'
import { SqlUsers } from './sql-users.ts'
import type { AccountStore, MessageStore, Store, UserStore } from './store.ts'

/** The store on a database that MikroORM knows: SQLite, MySQL or MariaDB. */
export class SqlStore implements Store {
  readonly users: UserStore
  readonly messages: MessageStore
  readonly accounts: AccountStore
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
    this.users = new SqlUsers(database)
    this.messages = new SqlMessages(database)
    this.accounts = new SqlAccounts(database)
  }

  static async sqlite(path: string): Promise<SqlStore> {
    return new SqlStore(await openSqlite(path))
  }

  async migrate(): Promise<void> {
    await this.#database.orm.migrator.up()
  }

  async ping(): Promise<void> {
    await this.#database.rows('select 1')
  }

  close(): Promise<void> {
    return this.#database.close()
  }
}
