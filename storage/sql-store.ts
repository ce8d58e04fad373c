import type { AuditStore, DeadLetterStore } from './audit-store.ts'
import { AuditedLog } from './audited-log.ts'
import { type Database, openSqlite } from './database.ts'
import type { GroupStore } from './group-store.ts'
import { migrateAlone, migrateTogether } from './migrate.ts'
import { type MysqlOptions, openMysql } from './mysql.ts'
import { type Purger, PurgeSamples } from './purge-samples.ts'
import { SavedLog } from './saved-log.ts'
import { SqlAccounts } from './sql-accounts.ts'
import { SqlAudit } from './sql-audit.ts'
import { SqlCustomerSessions } from './sql-customer-sessions.ts'
import { SqlDeadLetters } from './sql-dead-letters.ts'
import { SqlGroups } from './sql-groups.ts'
import { SqlMessages } from './sql-messages.ts'
import { SqlOnline } from './sql-online.ts'
import { SqlSessions } from './sql-sessions.ts'
import { SqlUsers } from './sql-users.ts'
import type {
  AccountStore,
  CustomerSessionStore,
  MessageStore,
  OnlineStore,
  SessionStore,
  Store,
  UserStore,
} from './store.ts'
import { SqlTopics } from './topics/sql-topics.ts'
import type { TopicStore } from './topics/topic-store.ts'

/** The store on a database that MikroORM knows: SQLite, MySQL or MariaDB. */
export class SqlStore implements Store {
  readonly users: UserStore
  readonly messages: MessageStore
  readonly accounts: AccountStore
  readonly sessions: SessionStore
  readonly topics: TopicStore
  readonly groups: GroupStore
  readonly customerSessions: CustomerSessionStore
  readonly online: OnlineStore
  readonly audit: AuditStore
  readonly deadLetters: DeadLetterStore
  readonly #database: Database
  readonly #migrate: () => Promise<void>

  private constructor(database: Database, migrate: () => Promise<void>) {
    this.#database = database
    this.#migrate = migrate
    this.users = new SqlUsers(database)
    this.messages = new SqlMessages(database)
    this.accounts = new SqlAccounts(database)
    this.sessions = new SqlSessions(database)
    this.topics = new SqlTopics(database)
    this.groups = new SqlGroups(database)
    this.customerSessions = new SqlCustomerSessions(database)
    this.online = new SqlOnline(database)
    this.audit = new SqlAudit(database)
    this.deadLetters = new SqlDeadLetters(database)
  }

  /** The caller holds the data directory. */
  static async sqlite(path: string): Promise<SqlStore> {
    const database = await openSqlite(path)
    return new SqlStore(database, () => migrateAlone(database))
  }

  /** `migrate` also creates the database where it is missing. */
  static async mysql(url: string, options?: MysqlOptions): Promise<SqlStore> {
    return new SqlStore(await openMysql(url, options), () => migrateTogether(url))
  }

  /** What a saver writes, on the same connections. */
  savedLog(): SavedLog {
    return new SavedLog(this.#database)
  }

  /** What an auditor writes. */
  auditedLog(): AuditedLog {
    return new AuditedLog(this.#database)
  }

  purgeSamples(purger: Purger, retentionMs: number): PurgeSamples {
    return new PurgeSamples(this.#database, purger, retentionMs)
  }

  migrate(): Promise<void> {
    return this.#migrate()
  }

  async ping(): Promise<void> {
    await this.#database.rows('select 1')
  }

  close(): Promise<void> {
    return this.#database.close()
  }
}
