import { connect, type Socket } from 'node:net'
import { MikroORM, type MySqlConnection, MySqlDriver } from '@mikro-orm/mysql'
import { Database, type Orm, ormOptions } from './database.ts'
import { mysqlDialect } from './dialect.ts'

/** Connections a process has to the database at most; statements beyond that wait their turn. */
export const POOL_CONNECTIONS = 10
const CONNECT_TIMEOUT_MS = 5000
/** A connection that is silent for so long, in the middle of a statement or idle, is given up, ms. */
const SILENCE_MS = 15_000

/**
 * Of every connection: what others have committed is seen at once and never waited for longer than 5 s, and values
 * that do not fit are refused, not cut.
 */
const SESSION = [
  'set session transaction isolation level read committed',
  "set session innodb_lock_wait_timeout = 5, sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
]

export interface MysqlOptions {
  readonly silenceMs?: number
}

/** Opens MySQL 8 or MariaDB 10.11 by a `mysql://user:password@host:port/database` URL, creating the database. */
export async function openMysql(
  url: string,
  { silenceMs = SILENCE_MS }: MysqlOptions = {},
): Promise<Database> {
  await createDatabase(url, silenceMs)
  return new Database(await connectTo(url, silenceMs), mysqlDialect)
}

async function createDatabase(url: string, silenceMs: number): Promise<void> {
  const server = new URL(url)
  const name = decodeURIComponent(server.pathname.slice(1))
  server.pathname = '/information_schema'
  const database = new Database(await connectTo(server.href, silenceMs), mysqlDialect)
  try {
    await database.run('create database if not exists ?? default character set utf8mb4 collate utf8mb4_bin', [
      name,
    ])
  } finally {
    await database.close()
  }
}

async function connectTo(url: string, silenceMs: number): Promise<Orm> {
  const { hostname, port } = new URL(url)
  const orm = await MikroORM.init({
    ...ormOptions,
    driver: MySqlDriver,
    clientUrl: url,
    pool: { max: POOL_CONNECTIONS },
    driverOptions: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      decimalNumbers: true,
      stream: () => dial(hostname, Number(port || 3306), silenceMs),
    },
  })
  const pool = await (orm.em.getConnection() as MySqlConnection).getNativeClient()
  pool.on('connection', connection => {
    // The pool listens for one error only; a second one of a dead connection would end the process.
    connection.on('error', () => {})
    for (const statement of SESSION) connection.query(statement)
  })
  return orm as unknown as Orm
}

/** The driver has no time-out for statements; without one a cut link would hold them for as long as TCP does. */
function dial(host: string, port: number, silenceMs: number): Socket {
  const socket = connect({ host, port, noDelay: true, keepAlive: true })
  socket.setTimeout(silenceMs, () => socket.destroy(new Error(`the database was silent for ${silenceMs} ms`)))
  return socket
}
