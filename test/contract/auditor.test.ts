import { expect } from 'chai'
import type { EventReader, StoredEvent } from '../../messaging/event-reader.ts'
import { LogUnavailable } from '../../messaging/message-log.ts'
import type { AuditEvent } from '../../protocol/audit.ts'
import { makeLogger } from '../../runtime/logger.ts'
import type { AuditedLog } from '../../storage/audited-log.ts'
import { ATTEMPTS, Auditor } from '../../storage/auditor.ts'
import { SqlStore } from '../../storage/sql-store.ts'
import { hasDatabase, TestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { auditEvent } from './audit.ts'

const logger = makeLogger('silent', 'test')
const onDatabase = hasDatabase() ? describe : describe.skip

/** The log's events in memory, which may be away. */
class MemoryEvents implements EventReader {
  #events: StoredEvent[] = []
  away = false
  purged = 0

  get seqs(): number[] {
    return this.#events.map(({ seq }) => seq)
  }

  add(seq: number, value: unknown): void {
    const payload = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
    this.#events.push({ seq, payload })
  }

  async events(from: number, limit: number): Promise<readonly StoredEvent[]> {
    if (this.away) throw new LogUnavailable('away')
    return this.#events.filter(({ seq }) => seq >= from).slice(0, limit)
  }

  async purgeEvents(upTo: number): Promise<void> {
    this.purged = upTo
    this.#events = this.#events.filter(({ seq }) => seq > upTo)
  }
}

onDatabase('the auditor', function () {
  this.timeout(60_000)
  let server: TestDatabase
  let databases = 0
  let store: SqlStore
  let log: MemoryEvents
  let auditors: Auditor[]

  before(async () => {
    server = await TestDatabase.start()
  })
  after(() => server?.stop())
  beforeEach(async () => {
    databases += 1
    store = await SqlStore.mysql(server.url(`auditor${databases}`))
    await store.migrate()
    log = new MemoryEvents()
    auditors = []
  })
  afterEach(async () => {
    await Promise.all(auditors.map(auditor => auditor.stop()))
    await store.close()
  })

  function start(retentionMs = 3_600_000, tables = store.auditedLog()): Auditor {
    const purges = store.purgeSamples('auditor', retentionMs)
    const auditor = new Auditor({ audited: tables, reader: log, logger, purges })
    auditors.push(auditor)
    void auditor.run()
    return auditor
  }

  const savedUpTo = (seq: number) =>
    server.execute(`auditor${databases}`, `update saver_position set position = ${seq}`)
  const audited = async () =>
    (await store.audit.list({ before: 0, limit: 5000 })).map(({ id }) => id).toReversed()
  const letters = () => store.deadLetters.list(0, 100)

  /** Adds events at every second seq from `from` on. */
  function addEvents(from: number, count: number, more: Partial<AuditEvent> = {}): string[] {
    return Array.from({ length: count }, (_, n) => {
      const event = auditEvent('alice', more)
      log.add(from + 2 * n, event)
      return event.id
    })
  }

  it('keeps every event once and in order, however many there are of it', async () => {
    const first = addEvents(1, 1200)
    await savedUpTo(10_000)
    for (let n = 0; n < 3; n++) start()
    await eventually(async () => expect(await audited()).to.have.length(1200), 20_000)
    const later = addEvents(5001, 100)
    log.add(6001, auditEvent('alice', { id: first[0] as string }))
    const last = addEvents(6003, 1)
    const all = [...first, ...later, ...last]
    await eventually(async () => expect(await audited()).to.deep.equal(all), 20_000)
    expect(await letters()).to.deep.equal([])
  })

  it('never goes beyond the saver', async () => {
    const [first, second] = addEvents(1, 2)
    await savedUpTo(2)
    start()
    await eventually(async () => expect(await audited()).to.deep.equal([first]))
    expect(await store.auditedLog().position()).to.deep.equal({ audited: 1, saved: 2 })
    await savedUpTo(3)
    await eventually(async () => expect(await audited()).to.deep.equal([first, second]))
  })

  it('puts aside what is no event and what the database will not take, and goes on', async () => {
    const before = addEvents(1, 2)
    log.add(5, 'no JSON')
    log.add(7, { kind: 'event', event: 'bound' })
    log.add(9, auditEvent('alice', { device: 'd'.repeat(129) }))
    const after = addEvents(11, 2)
    await savedUpTo(100)
    start()
    await eventually(async () => expect(await audited()).to.deep.equal([...before, ...after]), 20_000)
    const found = await letters()
    expect(found.map(({ seq, subject }) => [seq, subject])).to.deep.equal([
      [5, 'im.event'],
      [7, 'im.event'],
      [9, 'im.event'],
    ])
    expect(found[1]?.detail).to.equal('not an audit event')
    expect(JSON.parse(Buffer.from(found[2]?.payload ?? []).toString()).device).to.have.length(129)
    expect((await store.auditedLog().position()).audited).to.equal(13)
  })

  it('puts nothing aside while the database or the log is away, however long', async () => {
    const events = addEvents(1, 10)
    await savedUpTo(1000)
    const flaky = new FlakyTables(store.auditedLog())
    log.away = true
    start(undefined, flaky.audited)
    await eventually(() => expect(flaky.positions).to.be.greaterThan(2), 10_000)
    log.away = false
    await eventually(() => expect(flaky.refused).to.be.greaterThan(2 * ATTEMPTS), 30_000)
    flaky.away = false
    await eventually(async () => expect(await audited()).to.deep.equal(events), 20_000)
    await server.halt('SIGKILL')
    const later = addEvents(101, 3)
    await server.resume()
    await eventually(async () => expect(await audited()).to.deep.equal([...events, ...later]), 20_000)
    expect(await letters()).to.deep.equal([])
  })

  it('has the log keep an event until it is audited, and then for a while', async () => {
    addEvents(1, 3)
    await savedUpTo(3)
    const auditor = start(0)
    await eventually(() => expect(log.purged).to.equal(3), 20_000)
    expect(log.seqs).to.deep.equal([5])
    await auditor.stop()
  })
})

/** The auditor's tables, which take nothing while they are away. */
class FlakyTables {
  readonly audited: AuditedLog
  away = true
  positions = 0
  refused = 0

  constructor(audited: AuditedLog) {
    const position = () => {
      this.positions++
      return audited.position()
    }
    const save: AuditedLog['save'] = async (...batch) => {
      if (!this.away) return audited.save(...batch)
      this.refused++
      throw new Error('away')
    }
    this.audited = Object.assign(Object.create(audited), { position, save }) as AuditedLog
  }
}
