import { Migrator } from '@mikro-orm/migrations'
import {
  type AbstractSqlConnection,
  type AbstractSqlDriver,
  type MikroORM,
  NodeSqliteDialect,
  type SqlEntityManager,
  SqliteDriver,
  MikroORM as SqlMikroORM,
  type Transaction,
} from '@mikro-orm/sql'
import { type Dialect, sqliteDialect } from './dialect.ts'
import { entities } from './entities.ts'
import { AuditTables } from './migrations/audit-tables.ts'
import { CustomerServiceTables } from './migrations/customer-service-tables.ts'
import { FirstTables } from './migrations/first-tables.ts'
import { GroupTables } from './migrations/group-tables.ts'
import { GroupViews } from './migrations/group-views.ts'
import { OfflineViews } from './migrations/offline-views.ts'
import { TopicTables } from './migrations/topic-tables.ts'
import { WaitingViews } from './migrations/waiting-views.ts'

export type Orm = MikroORM<AbstractSqlDriver>
export type Parameter = string | number | boolean | null | Buffer

/**
 * How long a statement waits for another process that writes to the same SQLite file, ms. It waits with the whole
 * thread, so not for long; the log's own connection never makes it wait.
 */
const SQLITE_BUSY_TIMEOUT_MS = 100

/** What both kinds of databases are opened with. */
export const ormOptions = {
  entities,
  extensions: [Migrator],
  migrations: {
    migrationsList: [
      FirstTables,
      TopicTables,
      CustomerServiceTables,
      OfflineViews,
      GroupTables,
      GroupViews,
      WaitingViews,
      AuditTables,
    ],
    tableName: 'migration',
    snapshot: false,
    silent: true,
    disableForeignKeys: false,
  },
  ensureDatabase: false,
  metadataCache: { enabled: false },
  allowGlobalContext: false,
}

/** SQL and entities of one database. Values of rows come as strings and numbers. */
export class Database {
  readonly dialect: Dialect
  readonly orm: Orm

  constructor(orm: Orm, dialect: Dialect) {
    this.orm = orm
    this.dialect = dialect
  }

  /** A fresh entity manager: what it has read is never shared with anybody. */
  get entities(): SqlEntityManager {
    return this.orm.em.fork() as SqlEntityManager
  }

  rows<R>(sql: string, parameters: readonly Parameter[] = [], within?: Transaction): Promise<R[]> {
    return this.#connection.execute(sql, parameters, 'all', within) as Promise<R[]>
  }

  async run(sql: string, parameters: readonly Parameter[] = [], within?: Transaction): Promise<void> {
    await this.#connection.execute(sql, parameters, 'run', within)
  }

  /** How many rows the statement changed. On SQLite no value in it may contain the word "returning". */
  async changes(sql: string, parameters: readonly Parameter[] = [], within?: Transaction): Promise<number> {
    const result = await this.#connection.execute(sql, parameters, 'run', within)
    return (result as unknown as { affectedRows: number }).affectedRows
  }

  transaction<T>(work: (within: Transaction) => Promise<T>): Promise<T> {
    return this.#connection.transactional(work)
  }

  /** Reads that see one moment. */
  snapshot<T>(work: (within: Transaction) => Promise<T>): Promise<T> {
    return this.#connection.transactional(work, this.dialect.snapshot)
  }

  close(): Promise<void> {
    return this.orm.close(true)
  }

  get #connection(): AbstractSqlConnection {
    return this.orm.em.getConnection()
  }
}

/** Opens the database of a standalone server beside the log's own connection to the same file. */
export async function openSqlite(path: string): Promise<Database> {
  const orm = await SqlMikroORM.init({
    ...ormOptions,
    driver: SqliteDriver,
    dbName: path,
    driverOptions: new NodeSqliteDialect(path),
  })
  const database = new Database(orm as unknown as Orm, sqliteDialect)
  await database.rows('pragma journal_mode = wal')
  await database.rows('pragma synchronous = full')
  await database.rows(`pragma busy_timeout = ${SQLITE_BUSY_TIMEOUT_MS}`)
  return database
}
