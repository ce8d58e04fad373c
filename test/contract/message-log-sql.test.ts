import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { MemoryBus } from '../../messaging/memory-bus.ts'
import { LogUnavailable } from '../../messaging/message-log.ts'
import { Watermark } from '../../messaging/watermark.ts'
import { repeatIdOf } from '../../protocol/entries.ts'
import { directFeed, userOwner } from '../../protocol/ids.ts'
import { makeLogger } from '../../runtime/logger.ts'
import { DataDirectory, DataDirectoryInUse } from '../../storage/data-directory.ts'
import { SqlLog, type SqlLogOptions } from '../../storage/sql-log.ts'
import { SqlStore } from '../../storage/sql-store.ts'
import { eventually } from '../support/eventually.ts'
import { direct, messageLogContract, newUser, ownership } from './message-log.ts'

const logger = makeLogger('silent', 'test')

class SqlHarness {
  readonly bus = new MemoryBus()
  readonly #path: string
  readonly #options: SqlLogOptions
  #directory: DataDirectory
  log: SqlLog

  private constructor(path: string, directory: DataDirectory, options: SqlLogOptions) {
    this.#path = path
    this.#options = options
    this.#directory = directory
    this.log = new SqlLog(directory.database, this.bus, logger, options)
  }

  static async make(options: SqlLogOptions = {}): Promise<SqlHarness> {
    const path = mkdtempSync(join(tmpdir(), 'homing-log-'))
    const directory = new DataDirectory(path)
    const store = await SqlStore.sqlite(directory.database)
    await store.migrate()
    await store.close()
    return new SqlHarness(path, directory, options)
  }

  get database(): string {
    return this.#directory.database
  }

  async restart(): Promise<SqlLog> {
    await this.log.close()
    this.#directory.release()
    this.#directory = new DataDirectory(this.#path)
    this.log = new SqlLog(this.#directory.database, this.bus, logger, this.#options)
    return this.log
  }

  async close(): Promise<void> {
    await this.log.close()
    this.#directory.release()
    rmSync(this.#path, { recursive: true, force: true })
  }
}

messageLogContract('SQLite', () => SqlHarness.make())

describe('the log in SQLite', () => {
  let harness: SqlHarness
  afterEach(() => harness?.close())

  it('commits what is asked for in one turn together, and says so before it answers', async () => {
    harness = await SqlHarness.make()
    const users = Array.from({ length: 50 }, newUser)
    const fences = await Promise.all(users.map(user => ownership(harness.log, user)))
    const watermark = new Watermark(harness.bus)
    const heard: string[] = []
    watermark.listen({ advanced: position => heard.push(`saved ${position}`) })
    harness.log.follow(directFeed('bob'), ({ seq }) => heard.push(`stored ${seq}`))
    const answered = await Promise.all(
      users.map(async (user, n) => {
        const fence = fences[n] ?? expect.fail('no fence')
        const [appended] = await harness.log.append(fence, [direct(user, 'bob', 'a')])
        heard.push('answered')
        expect(watermark.position).to.be.at.least(appended?.seq ?? Number.POSITIVE_INFINITY)
        return appended?.seq ?? 0
      }),
    )
    const seqs = answered.sort((a, b) => a - b)
    expect(heard).to.deep.equal([
      `saved ${seqs.at(-1)}`,
      ...seqs.map(seq => `stored ${seq}`),
      ...seqs.map(() => 'answered'),
    ])
  })

  it('waits with the commit for what else the turn brings', async () => {
    harness = await SqlHarness.make()
    const fence = await ownership(harness.log, 'alice')
    const positions: number[] = []
    new Watermark(harness.bus).listen({ advanced: position => positions.push(position) })
    const first = harness.log.append(fence, [direct('alice', 'bob', 'a')])
    for (let n = 0; n < 5; n += 1) await Promise.resolve()
    await new Promise<void>(resolve => process.nextTick(resolve))
    const [second] = await harness.log.append(fence, [direct('alice', 'bob', 'b')])
    await first
    expect(positions).to.deep.equal([second?.seq])
  })

  it('pauses after a commit, and commits together what comes meanwhile', async () => {
    harness = await SqlHarness.make({ pauseMs: 100 })
    const fence = await ownership(harness.log, 'alice')
    const positions: number[] = []
    new Watermark(harness.bus).listen({ advanced: position => positions.push(position) })
    const first = harness.log.append(fence, [direct('alice', 'bob', 'a')])
    for (let n = 0; n < 5; n += 1) await new Promise(resolve => setImmediate(resolve))
    const [second] = await harness.log.append(fence, [direct('alice', 'bob', 'b')])
    await first
    expect(positions).to.deep.equal([second?.seq])
  })

  it('forgets what it did in a transaction that was rolled back', async () => {
    harness = await SqlHarness.make()
    const other = new DatabaseSync(harness.database)
    other.exec(`create trigger broken before insert on message when new.body = 'broken'
      begin select raise(rollback, 'broken'); end`)
    other.close()
    const fence = await ownership(harness.log, 'alice')
    const owner = userOwner('bob')
    const [claimed, before, broken, after] = await Promise.allSettled([
      harness.log.claim(owner, { token: 'one', body: null }, 0),
      harness.log.append(fence, [direct('alice', 'carol', 'before')]),
      harness.log.append(fence, [direct('alice', 'carol', 'broken', { body: 'broken' })]),
      harness.log.append(fence, [direct('alice', 'carol', 'after')]),
    ])
    for (const refused of [claimed, before, broken, after]) {
      expect(refused.status === 'rejected' && refused.reason).to.be.instanceOf(LogUnavailable)
    }
    expect(await harness.log.lastClaim(owner)).to.equal(undefined)
    expect(await harness.log.read(directFeed('carol'), 0, 10)).to.deep.equal([])
    const [again] = await harness.log.append(fence, [direct('alice', 'carol', 'before')])
    expect(again?.duplicate).to.equal(false)
    const reader = new DatabaseSync(harness.database)
    expect(reader.prepare('select count(*) as rows from conversation').get()).to.deep.include({ rows: 2 })
    reader.close()
  })

  it('tells the position twice a second, for who was not there', async () => {
    harness = await SqlHarness.make()
    const fence = await ownership(harness.log, 'alice')
    const [appended] = await harness.log.append(fence, [direct('alice', 'bob', 'a')])
    const watermark = new Watermark(harness.bus)
    await eventually(() => expect(watermark.position).to.equal(appended?.seq), 2000)
  })

  it('makes both sides’ conversation rows with the first message', async () => {
    harness = await SqlHarness.make()
    const fence = await ownership(harness.log, 'alice')
    for (const id of ['a', 'b']) await harness.log.append(fence, [direct('alice', 'bob', id)])
    const reader = new DatabaseSync(harness.database)
    const rows = reader.prepare('select user_id, id, read_seq from conversation order by user_id').all()
    reader.close()
    expect(rows.map(row => ({ ...row }))).to.deep.equal([
      { user_id: 'alice', id: 'direct:alice:bob', read_seq: 0 },
      { user_id: 'bob', id: 'direct:alice:bob', read_seq: 0 },
    ])
  })

  it('waits for another writer’s lock without holding up the process', async () => {
    harness = await SqlHarness.make()
    const fence = await ownership(harness.log, 'alice')
    const other = new DatabaseSync(harness.database)
    other.exec('begin immediate')
    let answered = false
    const appending = harness.log.append(fence, [direct('alice', 'bob', 'a')]).then(() => {
      answered = true
    })
    for (let turn = 0; turn < 50; turn += 1) await new Promise(resolve => setImmediate(resolve))
    expect(answered).to.equal(false)
    other.exec('commit')
    other.close()
    await appending
  })

  it('is unavailable while another writer does not let go, and goes on afterwards', async () => {
    harness = await SqlHarness.make({ busyLimitMs: 50 })
    const fence = await ownership(harness.log, 'alice')
    const other = new DatabaseSync(harness.database)
    other.exec('begin immediate')
    const refused = await harness.log.append(fence, [direct('alice', 'bob', 'a')]).catch(error => error)
    expect(refused).to.be.instanceOf(LogUnavailable)
    other.exec('rollback')
    other.close()
    expect(await harness.log.append(fence, [direct('alice', 'bob', 'a')])).to.have.length(1)
  })

  it('refuses what comes after its end', async () => {
    harness = await SqlHarness.make()
    const fence = await ownership(harness.log, 'alice')
    const last = harness.log.append(fence, [direct('alice', 'bob', 'a')])
    await harness.log.close()
    expect(await last).to.have.length(1)
    const refused = await harness.log.append(fence, [direct('alice', 'bob', 'b')]).catch(error => error)
    expect(refused).to.be.instanceOf(LogUnavailable)
  })
})

/** What a writer process told before it died: seq by sender and id. */
interface Told {
  readonly answered: Map<string, number>
  readonly failed: string[]
}

function startWriter(path: string, round: number, senders = 20): { process: ChildProcess; told: Told } {
  const script = join(import.meta.dirname, 'message-log-writer.ts')
  const child = spawn(process.execPath, [script, path, String(round), String(senders)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const told: Told = { answered: new Map(), failed: [] }
  let rest = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const [sender = '', id = '', seq = ''] = line.split(' ')
      if (sender === 'failed') told.failed.push(seq)
      else told.answered.set(`${sender} ${id}`, Number(seq))
    }
  })
  return { process: child, told }
}

describe('a data directory', function () {
  this.timeout(60_000)
  let path: string
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'homing-data-'))
  })
  afterEach(() => rmSync(path, { recursive: true, force: true }))

  it('loses nothing that was answered when its server is killed in the middle of commits', async () => {
    const answered = new Map<string, number>()
    for (let round = 0; round < 6; round += 1) {
      const writer = startWriter(path, round)
      await eventually(() => expect(writer.told.answered.size).to.be.greaterThan(300 + round * 37), 20_000)
      writer.process.kill('SIGKILL')
      await once(writer.process, 'close')
      for (const [key, seq] of writer.told.answered) answered.set(key, seq)
    }
    const directory = new DataDirectory(path)
    const log = new SqlLog(directory.database, new MemoryBus(), logger)
    const stored = await log.read(directFeed('reader'), 0, 1_000_000)
    await log.close()
    directory.release()
    const found = new Map(stored.map(({ seq, entry }) => [`${entry.from} ${repeatIdOf(entry)}`, seq]))
    expect(found.size).to.equal(stored.length)
    for (const [key, seq] of answered) expect(found.get(key), key).to.equal(seq)
  })

  it('belongs to one server at a time, and to the next once that is dead', async () => {
    const writer = startWriter(path, 0)
    await eventually(() => expect(writer.told.answered.size).to.be.greaterThan(0), 20_000)
    expect(() => new DataDirectory(path)).to.throw(DataDirectoryInUse, path)
    writer.process.kill('SIGKILL')
    await once(writer.process, 'close')
    const directory = new DataDirectory(path)
    expect(() => new DataDirectory(path)).to.throw(DataDirectoryInUse)
    directory.release()
    new DataDirectory(path).release()
  })

  it('answers unavailable while its disk is full, and goes on when there is room', async function () {
    if (!existsSync('/usr/bin/prlimit')) return this.skip()
    const writer = startWriter(path, 0)
    await eventually(() => expect(writer.told.answered.size).to.be.greaterThan(100), 20_000)
    const limit = (size: string) =>
      spawnSync('prlimit', [`--pid=${writer.process.pid}`, `--fsize=${size}:unlimited`])
    limit('100000')
    await eventually(() => expect(writer.told.failed).to.include('LogUnavailable'), 20_000)
    const before = writer.told.answered.size
    limit('unlimited')
    await eventually(() => expect(writer.told.answered.size).to.be.greaterThan(before + 100), 20_000)
    expect(new Set(writer.told.failed)).to.deep.equal(new Set(['LogUnavailable']))
    writer.process.kill('SIGKILL')
    await once(writer.process, 'close')
  })
})
