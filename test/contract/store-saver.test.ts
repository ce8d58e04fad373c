import { expect } from 'chai'
import { MemoryBus } from '../../messaging/memory-bus.ts'
import type { NewEntry } from '../../messaging/message-log.ts'
import { subjects } from '../../messaging/subjects.ts'
import type { WatermarkNotice } from '../../messaging/watermark.ts'
import { type DirectEntry, type NoticeEntry, repeatIdOf } from '../../protocol/entries.ts'
import { directFeed, groupFeed } from '../../protocol/ids.ts'
import { makeLogger } from '../../runtime/logger.ts'
import { SeqTaken } from '../../storage/message-insert.ts'
import type { SavedLog } from '../../storage/saved-log.ts'
import { Saver } from '../../storage/saver.ts'
import { SqlStore } from '../../storage/sql-store.ts'
import { hasDatabase, TestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { PausedBeforeSaving } from '../support/paused-before-saving.ts'
import { direct } from './message-log.ts'
import { MemoryRecords } from './store-log.ts'

const logger = makeLogger('silent', 'test')
const onDatabase = hasDatabase() ? describe : describe.skip

onDatabase('the saver', function () {
  this.timeout(60_000)
  let server: TestDatabase
  let databases = 0
  let store: SqlStore
  let log: MemoryRecords
  let bus: MemoryBus
  let notices: WatermarkNotice[]
  let savers: Saver[]

  before(async () => {
    server = await TestDatabase.start()
  })
  after(() => server?.stop())

  beforeEach(async () => {
    databases += 1
    store = await SqlStore.mysql(server.url(`saver${databases}`))
    await store.migrate()
    log = new MemoryRecords()
    bus = new MemoryBus()
    notices = []
    bus.subscribe(subjects.watermark, ({ value }) => notices.push(value as WatermarkNotice))
    savers = []
  })
  afterEach(async () => {
    await Promise.all(savers.map(saver => saver.stop()))
    await store.close()
  })

  function start(saved: SavedLog = store.savedLog(), retentionMs = 3_600_000, takeOverMs = 200): Saver {
    const purges = store.purgeSamples('saver', retentionMs)
    const saver = new Saver({ saved, reader: log, bus, logger, purges, takeOverMs })
    savers.push(saver)
    saver.run().catch(() => {})
    return saver
  }

  const messages = (count: number, from = 'alice', prefix = 'm'): NewEntry[] =>
    Array.from({ length: count }, (_, n) => direct(from, 'bob', `${prefix}${n}`))

  const savedIds = async () =>
    (await store.messages.readFeed(directFeed('bob'), 0, 100_000)).entries.map(
      ({ seq, entry }) => `${seq} ${repeatIdOf(entry)}`,
    )
  const loggedIds = () =>
    log.records.flatMap(record =>
      record.kind === 'entry' ? `${record.seq} ${repeatIdOf(record.entry)}` : [],
    )
  const reached = (position: number) =>
    eventually(() => expect(notices.at(-1)?.position).to.be.at.least(position))

  /** A saver that has just been outrun by another, which goes on. */
  async function startOutrun(takeOverMs?: number): Promise<void> {
    const paused = new PausedBeforeSaving(store.savedLog())
    const opened = log.opened.length
    start(paused.saved, undefined, takeOverMs)
    // Else the other may save them before this one has begun to read.
    await eventually(() => expect(log.opened.length).to.be.greaterThan(opened))
    log.append(...messages(10, 'alice', 'outrun'))
    await paused.reached
    const seqs = log.append(...messages(10, 'alice', 'further'))
    await reached(seqs.at(-1) ?? 0)
    paused.resume()
    await paused.answered
    expect(paused.outcomes).to.deep.equal(['moved'])
  }

  it('saves everything in order, also over gaps and claims, and tells how far it is', async () => {
    log.append(...messages(10))
    log.add({ kind: 'claim', owner: 'owner.alice' })
    log.append(...messages(2500, 'carol'))
    start()
    await reached(2511)
    expect(await savedIds()).to.deep.equal(loggedIds())
    const [last] = log.add({ kind: 'claim', owner: 'owner.bob' })
    await reached(last ?? 0)
    const positions = notices.map(({ position }) => position)
    expect(positions).to.deep.equal(positions.toSorted((a, b) => a - b))
  })

  it('never tells a position before its commit', async () => {
    const early: number[] = []
    bus.subscribe(subjects.watermark, async ({ value }) => {
      const { position } = value as WatermarkNotice
      if ((await store.messages.position()) < position) early.push(position)
    })
    start()
    for (let n = 0; n < 20; n += 1) {
      const seqs = log.append(...messages(50, 'alice', `${n}-`))
      await reached(seqs.at(-1) ?? 0)
    }
    expect(early).to.deep.equal([])
  })

  it('saves each entry once with any number of savers, and goes on when the one at work ends', async () => {
    for (let n = 0; n < 3; n += 1) start()
    for (let n = 0; n < 10; n += 1) {
      const seqs = log.append(...messages(100, 'alice', `${n}-`))
      await reached(seqs.at(-1) ?? 0)
    }
    for (const ended of savers.slice(0, 2)) {
      await ended.stop()
      const seqs = log.append(...messages(100, 'alice', `${databases}-${log.records.length}-`))
      await reached(seqs.at(-1) ?? 0)
    }
    expect(await savedIds()).to.deep.equal(loggedIds())
  })

  it('takes over from the saver that outran it, once that has ended', async () => {
    const first = start()
    await startOutrun()
    await first.stop()
    const opened = log.opened.length
    const seqs = log.append(...messages(10, 'carol'))
    await reached(seqs.at(-1) ?? 0)
    expect(log.opened.length).to.be.greaterThan(opened)
    expect(await savedIds()).to.deep.equal(loggedIds())
  })

  it('leaves the work to the saver that outran it', async () => {
    start()
    // However slow the other is, it is not idle.
    await startOutrun(60_000)
    const opened = log.opened.length
    for (let n = 0; n < 10; n += 1) {
      const seqs = log.append(...messages(10, 'carol', `${n}-`))
      await reached(seqs.at(-1) ?? 0)
    }
    expect(log.opened.length).to.equal(opened)
  })

  it('loses and doubles nothing when a saver is paused between reading and committing', async () => {
    const paused = new PausedBeforeSaving(store.savedLog())
    log.append(...messages(100))
    start(paused.saved)
    await paused.reached
    start()
    await reached(100)
    log.append(...messages(100, 'carol'))
    await reached(200)
    paused.resume()
    log.append(...messages(100, 'dave'))
    await reached(300)
    await paused.answered
    expect(paused.outcomes[0]).to.equal('moved')
    expect(await savedIds()).to.deep.equal(loggedIds())
  })

  it('stores a repeat beyond the log’s memory as the new message it was', async () => {
    log.append(direct('alice', 'bob', 'a', { body: 'first' }))
    start()
    await reached(1)
    const again = direct('alice', 'bob', 'a', { body: 'again' })
    log.append(...messages(3), again, again, ...messages(3, 'carol'))
    await reached(log.records.length)
    const { entries } = await store.messages.readFeed(directFeed('bob'), 0, 100)
    expect(entries.map(({ seq }) => seq)).to.deep.equal(log.records.map(({ seq }) => seq))
    const texts = entries
      .map(({ entry }) => entry as DirectEntry)
      .filter(({ body }) => !body.startsWith('body'))
    expect(texts.map(({ body, clientMsgId }) => [body, clientMsgId])).to.deep.equal([
      ['first', 'a'],
      ['again', ''],
      ['again', ''],
    ])
    expect(await store.messages.recentIds('alice', 10)).to.have.length(4)
  })

  it('puts aside what cannot be saved, tells whom it concerns, and goes on', async () => {
    start()
    log.append(...messages(2))
    const [poison = 0] = log.add({
      kind: 'undecodable',
      subject: 'im.direct.bob',
      dedupeId: 'alice:x:1',
      payload: Buffer.from([0, 255, 39]),
      detail: 'not JSON',
    })
    const tooLong = direct('carol', 'bob', 'long', { msgType: 'T'.repeat(33) })
    const [long = 0] = log.append(tooLong)
    const [nobody = 0] = log.add({
      kind: 'undecodable',
      subject: 'im.direct.bob',
      payload: Buffer.from('?'),
      detail: 'not JSON',
    })
    log.append(...messages(2, 'dave'))
    await reached(log.records.length)
    expect(await savedIds()).to.deep.equal(loggedIds().filter(id => !id.endsWith('long')))
    expect(notices.flatMap(({ refused = [] }) => refused).toSorted((a, b) => a.seq - b.seq)).to.deep.equal([
      { seq: poison, sender: 'alice', clientMsgId: 'x:1' },
      { seq: long, sender: 'carol', clientMsgId: 'long' },
      { seq: nobody },
    ])
    for (const { position, refused = [] } of notices) {
      for (const { seq } of refused) {
        const told = notices.find(notice => notice.position >= seq)
        expect(told?.position).to.equal(position)
      }
    }
    const letters = await server.query<{ seq: number; payload: string }>(
      `saver${databases}`,
      'select seq, hex(payload) as payload from dead_letter order by seq',
    )
    expect(letters.map(({ seq }) => seq)).to.deep.equal([poison, long, nobody])
    expect(letters[0]?.payload).to.equal('00FF27')
  })

  it('puts aside a change of a group that the tables cannot hold, with all it would have changed', async () => {
    start()
    const notice = (opId: string, change: unknown): NewEntry => {
      const entry = {
        kind: 'notice',
        from: 'alice',
        group: '7',
        opId,
        change,
        ordinal: 0,
        ts: 5,
      } as NoticeEntry
      return { feed: groupFeed('7'), dedupeId: `alice:\tchange:${opId}`, entry }
    }
    const [, wrong, shapeless] = log.append(
      notice('a', { event: 'created', name: 'g', policy: 'invited', users: ['bob'] }),
      notice('b', { event: 'role', users: ['bob'], role: 'emperor' }),
      notice('c', undefined),
      notice('d', { event: 'renamed', name: 'h' }),
    )
    await reached(4)
    expect(notices.flatMap(({ refused = [] }) => refused.map(({ seq }) => seq))).to.have.members([
      wrong,
      shapeless,
    ])
    expect(await store.groups.find('7')).to.include({ name: 'h', memberCount: 2 })
    expect((await store.groups.members('7')).map(({ role }) => role)).to.have.members(['owner', 'member'])
    expect((await store.deadLetters.list(0, 10)).map(({ seq }) => seq)).to.deep.equal([wrong, shapeless])
    expect(await store.messages.entry(wrong ?? 0)).to.equal(undefined)
    const told = await store.audit.list({ group: '7', before: 0, limit: 10 })
    expect(told.map(({ event }) => event)).to.deep.equal(['group-renamed', 'group-created', 'group-created'])
  })

  it('stops, loudly, where the database holds another message under a seq', async () => {
    log.append(...messages(3))
    const saver = start()
    await reached(3)
    await saver.stop()
    await server.execute(`saver${databases}`, 'update saver_position set position = 1')
    notices.length = 0
    const same = start()
    await reached(3)
    await same.stop()
    await server.execute(
      `saver${databases}`,
      'update saver_position set position = 1',
      "update message set body = 'another' where seq = 3",
    )
    const failed = await start()
      .run()
      .catch(error => error)
    expect(failed).to.be.instanceOf(SeqTaken)
    expect(await store.messages.position()).to.equal(1)
  })

  it('waits for a database that is away and loses nothing', async () => {
    start()
    log.append(...messages(100))
    await reached(100)
    await server.halt('SIGKILL')
    log.append(...messages(100, 'carol'))
    await server.resume()
    log.append(...messages(100, 'dave'))
    await reached(300)
    expect(await savedIds()).to.deep.equal(loggedIds())
  })

  it('waits for a log that is away', async () => {
    start()
    log.append(...messages(1))
    await reached(1)
    log.available = false
    log.append(...messages(1, 'carol'))
    log.available = true
    await reached(2)
  })

  it('finishes the batch in hand when it is stopped', async () => {
    const paused = new PausedBeforeSaving(store.savedLog())
    const saver = start(paused.saved)
    log.append(...messages(5))
    await paused.reached
    const stopped = saver.stop()
    paused.resume()
    await stopped
    expect(await store.messages.position()).to.equal(5)
  })

  it('purges what has been saved for long enough', async () => {
    const saver = start(store.savedLog(), 0)
    log.add({ kind: 'claim', owner: 'owner.alice' })
    log.append(...messages(5))
    await eventually(() => expect(log.purged.at(-1)).to.equal(6), 15_000)
    expect(log.records.map(({ kind }) => kind)).to.deep.equal(['claim'])
    await saver.stop()
  })

  describe('when the log went back', () => {
    it('moves it beyond what was saved before anything new is saved', async () => {
      log.append(...messages(10))
      const first = start()
      await reached(10)
      await first.stop()
      log.goBack(6)
      start()
      await eventually(async () => expect(await log.lastSeq()).to.equal(10))
      expect(log.records).to.deep.equal([])
      const [next] = log.append(direct('carol', 'bob', 'after'))
      expect(next).to.equal(11)
      await reached(11)
      expect(await savedIds()).to.have.length(11)
      expect(notices.at(-1)?.lost).to.equal(undefined)
    })

    it('saves its tail, then moves it beyond all that any process has seen, and tells what is lost', async () => {
      log.append(...messages(4))
      const first = start()
      await reached(4)
      await first.stop()
      log.append(...messages(10, 'carol'))
      log.goBack(8)
      for (let n = 0; n < 2; n += 1) start()
      log.tellSeen(14)
      await eventually(async () => expect(await log.lastSeq()).to.equal(14))
      expect(await savedIds()).to.have.length(8)
      const [next = 0] = log.append(direct('dave', 'bob', 'after'))
      expect(next).to.equal(15)
      await reached(next)
      expect(notices.at(-1)?.lost).to.deep.equal({ after: 8, upTo: 14 })
      expect(await savedIds()).to.have.length(9)
    })

    it('gives up nothing that another saver has already given up', async () => {
      const saved = store.savedLog()
      expect(await saved.giveUp(0, 14)).to.equal(true)
      expect(await saved.giveUp(0, 14)).to.equal(false)
      expect(await saved.giveUp(14, 14)).to.equal(false)
      expect(await saved.position()).to.deep.equal({ position: 14, lostAfter: 0, lostUpTo: 14 })
    })

    it('does nothing about a report that is no longer true', async () => {
      log.append(...messages(10))
      start()
      await reached(10)
      log.tellSeen(10)
      log.append(...messages(1, 'carol'))
      await reached(11)
      expect(log.records).to.have.length(11)
      expect(notices.at(-1)?.lost).to.equal(undefined)
    })
  })
})
