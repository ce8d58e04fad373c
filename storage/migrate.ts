import type { Database } from './database.ts'
import { openMysql } from './mysql.ts'

/** Changing a large table may take long, without a word. */
const SILENCE_MS = 3_600_000

/** Names are of the whole server: other databases on it migrate at the same time. */
const LOCK_NAME = "concat('homing-migrate-', left(sha1(database()), 16))"

/** Creates or changes the tables; a data directory's lock lets only one process do so. */
export async function migrateAlone(database: Database): Promise<void> {
  await database.orm.migrator.up()
}

/** The same for processes that start together: one of them migrates, the others wait and find nothing to do. */
export async function migrateTogether(url: string): Promise<void> {
  await createDatabase(url)
  const database = await openMysql(url, { silenceMs: SILENCE_MS })
  try {
    // The lock belongs to a connection, which the transaction holds on to.
    await database.transaction(async within => {
      const sql = `select get_lock(${LOCK_NAME}, ${SILENCE_MS / 1000}) as held`
      const [row] = await database.rows<{ held: number | null }>(sql, [], within)
      if (row?.held !== 1) throw new Error('another process has been migrating the database for an hour')
      try {
        await database.orm.migrator.up()
      } finally {
        await database.rows(`select release_lock(${LOCK_NAME})`, [], within)
      }
    })
  } finally {
    await database.close()
  }
}

async function createDatabase(url: string): Promise<void> {
  const server = new URL(url)
  const name = decodeURIComponent(server.pathname.slice(1))
  server.pathname = '/information_schema'
  const database = await openMysql(server.href)
  try {
    await database.run('create database if not exists ?? default character set utf8mb4 collate utf8mb4_bin', [
      name,
    ])
  } finally {
    await database.close()
  }
}
