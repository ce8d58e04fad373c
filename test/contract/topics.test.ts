import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite } from '../../storage/database.ts'
import { openMysql } from '../../storage/mysql.ts'
import { SqlStore } from '../../storage/sql-store.ts'
import { hasDatabase, TestDatabase } from '../support/database.ts'
import { topicsContract } from './topics.ts'

topicsContract('SQLite', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'homing-topics-'))
  const path = join(directory, 'homing.db')
  const store = await SqlStore.sqlite(path)
  await store.migrate()
  await store.close()
  const database = await openSqlite(path)
  return {
    databases: [database],
    async close() {
      await database.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
})

const onDatabase = hasDatabase() ? describe : describe.skip

onDatabase('on MariaDB', function () {
  this.timeout(60_000)
  let server: TestDatabase
  before(async () => {
    server = await TestDatabase.start()
    const store = await SqlStore.mysql(server.url('topics'))
    await store.migrate()
    await store.close()
  })
  after(() => server?.stop())

  topicsContract('MariaDB', async () => {
    const databases = await Promise.all([1, 2].map(() => openMysql(server.url('topics'))))
    for (const table of ['ws_topics', 'ws_events', 'websites'])
      await databases[0]?.run(`delete from ${table}`)
    return {
      databases,
      async close() {
        for (const database of databases) await database.close()
      },
    }
  })
})
