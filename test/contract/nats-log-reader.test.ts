import { expect } from 'chai'
import type { BatchLimits, LogBatch, LogRecord } from '../../messaging/log-reader.ts'
import { LogUnavailable } from '../../messaging/message-log.ts'
import { rawHeaders } from '../../messaging/nats-bytes.ts'
import { NatsLogReader } from '../../messaging/nats-log-reader.ts'
import { directFeed, userOwner } from '../../protocol/ids.ts'
import { delay } from '../../runtime/backoff.ts'
import { eventually } from '../support/eventually.ts'
import { everything, type LogProcess, NatsLogs } from '../support/nats-log.ts'
import { direct, newUser, ownership } from './message-log.ts'

const LIMITS = { maxRecords: 100, maxBytes: 1_000_000 }

describe('the log as a saver reads it (NATS)', function () {
  this.timeout(30_000)
  let logs: NatsLogs
  let host: LogProcess
  let alice: string
  let bob: string
  let start: number

  before(async function () {
    logs = await NatsLogs.start(this, 1)
  })
  beforeEach(async () => {
    host = await logs.open()
    alice = newUser()
    bob = newUser()
    start = (await host.reader.lastSeq()) + 1
  })
  afterEach(() => logs?.closeAll())
  after(() => logs?.stop())

  const ids = (count: number) => Array.from({ length: count }, (_, n) => `m${n}`)

  async function append(count: number): Promise<number[]> {
    const fence = await ownership(host.log, alice)
    const appended = await host.log.append(
      fence,
      ids(count).map(id => direct(alice, bob, id)),
    )
    return appended.map(({ seq }) => seq)
  }

  /** Reads until `count` records have come. */
  async function read(from: number, count: number, limits: BatchLimits = LIMITS): Promise<LogBatch[]> {
    const stop = new AbortController()
    const batches: LogBatch[] = []
    for await (const batch of host.reader.open(from, limits, stop.signal)) {
      batches.push(batch)
      if (recordsOf(batches).length >= count) stop.abort()
    }
    return batches
  }

  it('yields entries and claims in order, from the seq that was asked for', async () => {
    const seqs = await append(10)
    const [claim, ...entries] = recordsOf(await read(start, 11))
    expect(claim).to.deep.equal({ kind: 'claim', seq: start, owner: userOwner(alice) })
    expect(entries.map(({ seq }) => seq)).to.deep.equal(seqs)
    const { entry } = direct(alice, bob, 'm3')
    const bytes = JSON.stringify(entry).length
    expect(entries[3]).to.deep.equal({ kind: 'entry', seq: seqs[3], feed: directFeed(bob), entry, bytes })
    const later = recordsOf(await read(seqs[7] ?? 0, 3))
    expect(later.map(({ seq }) => seq)).to.deep.equal(seqs.slice(7))
  })

  it('yields what is stored later, and ends without an error when it is stopped', async () => {
    const stop = new AbortController()
    const records: LogRecord[] = []
    const reading = (async () => {
      for await (const batch of host.reader.open(start, LIMITS, stop.signal)) records.push(...batch.records)
    })()
    await append(5)
    await eventually(() => expect(records).to.have.length(6))
    await append(5)
    await eventually(() => expect(records.at(-1)).to.have.property('kind', 'claim'))
    stop.abort()
    await reading
  })

  it('pauses after what it has found, so that what comes meanwhile is one batch', async () => {
    const { connection } = host
    const gaps: number[] = []
    let foundAt = Number.NEGATIVE_INFINITY
    const requestMany = connection.requestMany.bind(connection)
    connection.requestMany = async (subject, payload, options, take) => {
      gaps.push(performance.now() - foundAt)
      let answers = 0
      await requestMany(subject, payload, options, msg => {
        answers++
        return take(msg)
      })
      foundAt = answers > 1 ? performance.now() : Number.NEGATIVE_INFINITY
    }
    const reading = read(start, 20)
    const fence = await ownership(host.log, alice)
    for (const id of ids(20)) await host.log.append(fence, [direct(alice, bob, id)])
    await reading
    expect(gaps).to.have.length.above(1)
    expect(Math.min(...gaps)).to.be.greaterThan(20)
  })

  it('waits at the end of the log for the word of something new', async () => {
    const reader = new NatsLogReader(host.connection, 60_000)
    const stop = new AbortController()
    const records: LogRecord[] = []
    const reading = (async () => {
      for await (const batch of reader.open(start, LIMITS, stop.signal)) records.push(...batch.records)
    })()
    const fence = await ownership(host.log, alice)
    for (const count of [1, 2, 3]) {
      await delay(100)
      await host.log.append(fence, [direct(alice, bob, `m${count}`)])
      await eventually(() => expect(records.filter(({ kind }) => kind === 'entry')).to.have.length(count))
    }
    stop.abort()
    await reading
  })

  it('looks again without a word, which may be lost', async () => {
    const { connection } = host
    const subscribe = connection.subscribe.bind(connection)
    connection.subscribe = (subject, handler) =>
      subscribe(subject === 'live.>' ? 'live.nothing' : subject, handler)
    const stop = new AbortController()
    const records: LogRecord[] = []
    const reading = (async () => {
      for await (const batch of host.reader.open(start, LIMITS, stop.signal)) records.push(...batch.records)
    })()
    await delay(100)
    await append(3)
    await eventually(() => expect(records).to.have.length(4))
    stop.abort()
    await reading
  })

  it('keeps batches within both limits; a larger record comes alone', async () => {
    const fence = await ownership(host.log, alice)
    const sizes = [10, 700, 10, 10, 900, 3_000, 10]
    await host.log.append(
      fence,
      sizes.map((size, n) => direct(alice, bob, `m${n}`, { body: 'x'.repeat(size) })),
    )
    const batches = await read(start, 8, { maxRecords: 3, maxBytes: 1_500 })
    expect(recordsOf(batches)).to.have.length(8)
    for (const { records } of batches) {
      const bytes = records.reduce((sum, record) => sum + (record.kind === 'entry' ? record.bytes : 0), 0)
      expect(records).to.have.length.within(1, 3)
      if (records.length > 1) expect(bytes).to.be.at.most(1_500)
    }
  })

  it('yields what it cannot decode with whom it is from, and goes on', async () => {
    const { connection } = host
    const headers = rawHeaders([['Nats-Msg-Id', `${alice}:m%201`]])
    for (const payload of ['{"kind":', '7']) {
      const subject = `im.${directFeed(bob)}`
      await connection.request(subject, payload, {
        timeoutMs: 1_000,
        ...(payload === '7' ? {} : { headers }),
      })
      await append(1)
    }
    const found = recordsOf(await read(start, 4)).filter(record => record.kind === 'undecodable')
    expect(found.map(({ dedupeId }) => dedupeId)).to.deep.equal([`${alice}:m 1`, undefined])
    expect(found[0]?.subject).to.equal(`im.${directFeed(bob)}`)
    expect(Buffer.from(found[0]?.payload ?? []).toString()).to.equal('{"kind":')
    expect(await host.log.read(directFeed(bob), 0, 10)).to.have.length(1)
  })

  it('purges what is saved and never a claim, so that appends go on under their fences', async () => {
    const fence = await ownership(host.log, alice)
    const appended = await host.log.append(
      fence,
      ids(10).map(id => direct(alice, bob, id)),
    )
    const upTo = appended[6]?.seq ?? 0
    await host.reader.purgeSaved(upTo)
    await host.reader.purgeSaved(upTo)
    const left = (await everything(host)).filter(({ seq }) => seq >= start)
    expect(left.map(({ seq }) => seq)).to.deep.equal([
      fence.epoch,
      ...appended.slice(7).map(({ seq }) => seq),
    ])
    expect((await host.log.read(directFeed(bob), 0, 100)).map(({ seq }) => seq)).to.deep.equal(
      appended.slice(7).map(({ seq }) => seq),
    )
    await host.log.append(fence, [direct(alice, bob, 'next')])
  })

  it('throws LogUnavailable when the log is lost, and can be opened again', async () => {
    const [server = expect.fail('no server')] = logs.servers.nodes
    await append(3)
    const reading = read(start, 1_000).catch(error => error)
    await server.kill()
    expect(await reading).to.be.instanceOf(LogUnavailable)
    await server.start()
    await eventually(async () => expect(recordsOf(await read(start, 4))).to.have.length(4))
  })
})

const recordsOf = (batches: readonly LogBatch[]): LogRecord[] =>
  batches.flatMap(({ records }) => [...records])
