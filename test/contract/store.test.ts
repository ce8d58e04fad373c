import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { LogRecord } from '../../messaging/log-reader.ts'
import { MemoryBus } from '../../messaging/memory-bus.ts'
import type { Fence, NewEntry } from '../../messaging/message-log.ts'
import { makeLogger } from '../../runtime/logger.ts'
import { type Database, openSqlite } from '../../storage/database.ts'
import { openMysql } from '../../storage/mysql.ts'
import type { DeadLetter } from '../../storage/saved-message.ts'
import { bury } from '../../storage/sql-dead-letters.ts'
import { SqlLog } from '../../storage/sql-log.ts'
import { SqlStore } from '../../storage/sql-store.ts'
import { hasDatabase, TestDatabase } from '../support/database.ts'
import { ownership } from './message-log.ts'
import { type StoreHarness, storeContract } from './store.ts'

const buryIn = (database: Database, letter: DeadLetter): Promise<void> =>
  database.transaction(async within => {
    await database.run('delete from message where seq = ?', [letter.seq], within)
    await bury(database, letter, within)
  })

storeContract('SQLite', async (): Promise<StoreHarness> => {
  const directory = mkdtempSync(join(tmpdir(), 'homing-store-'))
  const path = join(directory, 'homing.db')
  const store = await SqlStore.sqlite(path)
  await store.migrate()
  const log = new SqlLog(path, new MemoryBus(), makeLogger('silent', 'test'))
  const fences = new Map<string, Fence>()
  return {
    store,
    async save(entries) {
      const seqs: number[] = []
      for (const entry of entries) {
        const sender = entry.entry.from
        const fence = fences.get(sender) ?? (await ownership(log, sender))
        fences.set(sender, fence)
        seqs.push(...(await log.append(fence, [entry])).map(({ seq }) => seq))
      }
      return seqs
    },
    async bury(letter) {
      const database = await openSqlite(path)
      await buryIn(database, letter)
      await database.close()
    },
    async close() {
      await log.close()
      await store.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
})

/** Records with the seqs a log would give them after `position`. */
export function recordsOf(entries: readonly NewEntry[], position: number): LogRecord[] {
  return entries.map(({ feed, entry }, n) => ({
    kind: 'entry',
    seq: position + n + 1,
    feed,
    entry,
    bytes: JSON.stringify(entry).length,
  }))
}

const onDatabase = hasDatabase() ? describe : describe.skip

onDatabase('on MariaDB', function () {
  this.timeout(60_000)
  let server: TestDatabase
  before(async () => {
    server = await TestDatabase.start()
  })
  after(() => server?.stop())

  storeContract('MariaDB', async (): Promise<StoreHarness> => {
    const store = await SqlStore.mysql(server.url('contract'))
    await store.migrate()
    const saved = store.savedLog()
    return {
      store,
      async save(entries) {
        const { position } = await saved.position()
        const records = recordsOf(entries, position)
        expect(await saved.save(position, records)).to.deep.equal([])
        return records.map(({ seq }) => seq)
      },
      async bury(letter) {
        const database = await openMysql(server.url('contract'))
        await buryIn(database, letter)
        await database.close()
      },
      close: () => store.close(),
    }
  })

  it('creates database and tables once, however many processes start together', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => SqlStore.mysql(server.url('together'))))
    await Promise.all(stores.map(store => store.migrate()))
    expect(await stores[0]?.messages.position()).to.equal(0)
    await Promise.all(stores.map(store => store.close()))
  })

  it('finishes a migration that was cut short', async () => {
    const store = await SqlStore.mysql(server.url('short'))
    await store.migrate()
    await server.execute('short', 'drop table refresh_token', 'delete from migration')
    await store.migrate()
    await store.accounts.revokeRefreshTokens(1)
    await store.close()
  })

  it('has Dapr’s tables ready, with ids that are case-sensitive', async () => {
    const store = await SqlStore.mysql(server.url('dapr'))
    await store.migrate()
    await store.close()
    await server.execute(
      'dapr',
      `insert into state (id, value, isbinary, eTag) values ('user||A1||x', '{}', false, 'e')`,
      `insert into state (id, value, isbinary, eTag) values ('user||a1||x', '{}', false, 'e')`,
      `insert into dapr_metadata (id, value) values ('A', 'x'), ('a', 'y')`,
    )
  })

  it('answers again after the database was away', async () => {
    const store = await SqlStore.mysql(server.url('away'))
    await store.migrate()
    await server.halt('SIGKILL')
    expect(await store.ping().catch(error => error)).to.be.instanceOf(Error)
    await server.resume()
    await store.ping()
    await Promise.all(Array.from({ length: 30 }, () => store.messages.position()))
    await store.close()
  })

  it('gives up on a database that is silent', async () => {
    const store = await SqlStore.mysql(server.url('away'), { silenceMs: 300 })
    await store.migrate()
    await store.ping()
    await server.pause()
    try {
      expect(await store.ping().catch(error => error)).to.be.instanceOf(Error)
    } finally {
      server.unpause()
    }
    await store.ping()
    await store.close()
  })
})
