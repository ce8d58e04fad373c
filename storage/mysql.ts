import { connect, type Socket } from 'node:net'
import { MikroORM, type MySqlConnection, MySqlDriver } from '@mikro-orm/mysql'
import { Database, type Orm, ormOptions } from './database.ts'
import { mysqlDialect } from './dialect.ts'

/** Connections a process has to the database at most; statements beyond that wait their turn. */
export const POOL_CONNECTIONS = 10
const CONNECT_TIMEOUT_MS = 5000
/** A connection that is silent for so long, in the middle of a statement or idle, is given up, ms. */
const SILENCE_MS = 10_000
/** The server gives up a silent connection this much later: what a frozen process had locked is then free. */
const SERVER_SILENCE_MS = 5000

export interface MysqlOptions {
  readonly silenceMs?: number
}

/** MySQL 8 or MariaDB 10.11 by a `mysql://user:password@host:port/database` URL. Connects when first used. */
export async function openMysql(
  url: string,
  { silenceMs = SILENCE_MS }: MysqlOptions = {},
): Promise<Database> {
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
    for (const statement of sessionSettings(silenceMs)) connection.query(statement)
  })
  return new Database(orm as unknown as Orm, mysqlDialect)
}

/**
 * What others have committed is seen at once, their locks are not waited for longer than 5 s, and values that do
 * not fit are refused, not cut.
 */
const sessionSettings = (silenceMs: number): string[] => [
  'set session transaction isolation level read committed',
  `set session wait_timeout = ${Math.ceil((silenceMs + SERVER_SILENCE_MS) / 1000)},
    innodb_lock_wait_timeout = 5, sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'`,
]

/** The driver has no time-out for statements; without one a cut link would hold them for as long as TCP does. */
function dial(host: string, port: number, silenceMs: number): Socket {
  const socket = connect({ host, port, noDelay: true, keepAlive: true })
  socket.setTimeout(silenceMs, () => socket.destroy(new Error(`the database was silent for ${silenceMs} ms`)))
  return socket
}
