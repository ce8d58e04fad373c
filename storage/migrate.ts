import type { Database } from './database.ts'

/** How long one wait for another process's migration lasts, s; shorter than a silence that ends a connection. */
const WAIT_SECONDS = 5
const ATTEMPTS = 24

/** Creates or changes the tables; a data directory's lock lets only one process do so. */
export async function migrateAlone(database: Database): Promise<void> {
  await database.orm.migrator.up()
}

/** The same for processes that start together: one of them migrates, the others wait and find nothing to do. */
export async function migrateTogether(database: Database): Promise<void> {
  // The lock belongs to a connection, which the transaction holds on to.
  await database.transaction(async within => {
    await waitForLock(attempt => database.rows<{ held: number | null }>(attempt, [], within))
    try {
      await database.orm.migrator.up()
    } finally {
      await database.rows(`select release_lock(${LOCK_NAME})`, [], within)
    }
  })
}

/** Names are of the whole server: other databases on it migrate at the same time. */
const LOCK_NAME = "concat('homing-migrate-', left(sha1(database()), 16))"

async function waitForLock(query: (sql: string) => Promise<{ held: number | null }[]>): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const [row] = await query(`select get_lock(${LOCK_NAME}, ${WAIT_SECONDS}) as held`)
    if (row?.held === 1) return
  }
  throw new Error(`another process has been migrating the database for ${ATTEMPTS * WAIT_SECONDS} s`)
}
