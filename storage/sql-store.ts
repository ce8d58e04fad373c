import { type Database, openSqlite } from './database.ts'
import { migrateAlone, migrateTogether } from './migrate.ts'
import { openMysql } from './mysql.ts'
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
  readonly #migrate: (database: Database) => Promise<void>

  constructor(database: Database, migrate: (database: Database) => Promise<void>) {
    this.#database = database
    this.#migrate = migrate
    this.users = new SqlUsers(database)
    this.messages = new SqlMessages(database)
    this.accounts = new SqlAccounts(database)
  }

  /** The caller holds the data directory. */
  static async sqlite(path: string): Promise<SqlStore> {
    return new SqlStore(await openSqlite(path), migrateAlone)
  }

  /** The database is created where it is missing. */
  static async mysql(url: string): Promise<SqlStore> {
    return new SqlStore(await openMysql(url), migrateTogether)
  }

  migrate(): Promise<void> {
    return this.#migrate(this.#database)
  }

  async ping(): Promise<void> {
    await this.#database.rows('select 1')
  }

  close(): Promise<void> {
    return this.#database.close()
  }
}
