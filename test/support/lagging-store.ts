import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryBus } from '../../messaging/memory-bus.ts'
import type { Fence, LogEntry } from '../../messaging/message-log.ts'
import { userOwner } from '../../protocol/ids.ts'
import { makeLogger } from '../../runtime/logger.ts'
import { type Database, openSqlite } from '../../storage/database.ts'
import { bury } from '../../storage/sql-dead-letters.ts'
import { SqlLog } from '../../storage/sql-log.ts'
import { SqlStore } from '../../storage/sql-store.ts'
import { direct } from '../contract/message-log.ts'

/** A log, and a database into which a saver (`save`) brings its entries later, as in a cluster. */
export class LaggingStore {
  readonly log: SqlLog
  readonly store: SqlStore
  readonly #saved: Database
  readonly #logged: string
  readonly #directory: string
  readonly #fences = new Map<string, Fence>()

  private constructor(directory: string, log: SqlLog, store: SqlStore, saved: Database) {
    this.#directory = directory
    this.#logged = join(directory, 'log.db')
    this.log = log
    this.store = store
    this.#saved = saved
  }

  static async open(): Promise<LaggingStore> {
    const directory = mkdtempSync(join(tmpdir(), 'homing-lagging-'))
    const [logged, saved] = [join(directory, 'log.db'), join(directory, 'saved.db')]
    const first = await SqlStore.sqlite(logged)
    await first.migrate()
    await first.close()
    const store = await SqlStore.sqlite(saved)
    await store.migrate()
    const log = new SqlLog(logged, new MemoryBus(), makeLogger('silent', 'test'))
    return new LaggingStore(directory, log, store, await openSqlite(saved))
  }

  /** Appends a message to the log. */
  async append(from: string, to: string, clientMsgId: string): Promise<LogEntry> {
    const owner = userOwner(from)
    const fence = this.#fences.get(from) ?? {
      owner,
      epoch: await this.log.claim(owner, { token: from, body: null }, 0),
    }
    this.#fences.set(from, fence)
    const { feed, dedupeId, entry } = direct(from, to, clientMsgId)
    const [appended] = await this.log.append(fence, [{ feed, dedupeId, entry }])
    if (!appended) throw new Error('not appended')
    return { seq: appended.seq, feed, entry }
  }

  /** Brings the database up to the log. */
  async save(): Promise<void> {
    await this.#saved.run(`attach database '${this.#logged}' as logged`)
    await this.#saved.run('insert or ignore into message select * from logged.message')
    await this.#saved.run('insert or ignore into conversation select * from logged.conversation')
    await this.#saved.run('detach database logged')
  }

  /** What the saver does with what the database does not take: it has no row, but is a dead letter. */
  async putAside({ seq, feed, entry }: LogEntry): Promise<void> {
    const payload = Buffer.from(JSON.stringify(entry))
    await this.#saved.transaction(async within => {
      await this.#saved.run('delete from message where seq = ?', [seq], within)
      await bury(this.#saved, { seq, subject: `im.${feed}`, detail: 'refused', payload }, within)
    })
  }

  async close(): Promise<void> {
    await this.log.close()
    await this.#saved.close()
    await this.store.close()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
