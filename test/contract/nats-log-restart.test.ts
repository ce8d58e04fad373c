import { expect } from 'chai'
import { LogBusy, type LogEntry, LogUnavailable, Superseded } from '../../messaging/message-log.ts'
import { repeatIdOf } from '../../protocol/entries.ts'
import { directFeed, userOwner } from '../../protocol/ids.ts'
import { eventually } from '../support/eventually.ts'
import { everything, expectNothingLost, type LogProcess, NatsLogs, Sender } from '../support/nats-log.ts'
import { direct, newUser, ownership } from './message-log.ts'

describe('the log when its server is away', function () {
  this.timeout(60_000)
  let logs: NatsLogs

  before(async function () {
    logs = await NatsLogs.start(this, 1)
  })
  afterEach(async () => {
    // A test that failed half-way must not take the others with it.
    logs?.servers.nodes[0]?.resume()
    await logs?.closeAll()
  })
  after(() => logs?.stop())

  const node = () => logs.servers.nodes[0] ?? expect.fail('no server')
  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      error => error,
    )

  async function follow({ log }: LogProcess, user: string): Promise<LogEntry[]> {
    const seen: LogEntry[] = []
    log.follow(directFeed(user), entry => seen.push(entry))
    await log.flush()
    return seen
  }

  it('loses and doubles nothing over a crash and a restart, and shows followers all of it in order', async () => {
    const [host, other] = [await logs.open(), await logs.open()]
    const bob = newUser()
    const seen = await follow(other, bob)
    const senders = Array.from({ length: 16 }, () => new Sender(host.log, newUser(), bob))
    await Promise.all(senders.map(sender => sender.start()))
    const all = (count: number) => () => {
      for (const { acknowledged } of senders) expect(acknowledged).to.have.length.at.least(count)
    }
    await eventually(all(20))
    await node().kill()
    await eventually(() => {
      for (const { repeats } of senders) expect(repeats).to.be.at.least(2)
    })
    const before = Math.max(...senders.map(({ acknowledged }) => acknowledged.length))
    await node().start()
    await eventually(all(before + 20), 20_000)
    await Promise.all(senders.map(sender => sender.stop()))
    const count = senders.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0)
    await eventually(() => expect(seen).to.have.length.at.least(count))
    expectNothingLost(seen, senders)
    const stored = (await everything(host)).flatMap(record =>
      record.kind === 'entry' && record.feed === directFeed(bob) ? [record] : [],
    )
    expect(stored.map(({ seq }) => seq)).to.deep.equal(seen.map(({ seq }) => seq))
  })

  it('shows what was stored during a disconnection and has no successor', async () => {
    const host = await logs.open()
    const [alice, bob] = [newUser(), newUser()]
    const fence = await ownership(host.log, alice)
    const { log } = await logs.open({ compareMs: 3_600_000 })
    const seen: LogEntry[] = []
    log.follow(directFeed(bob), entry => seen.push(entry))
    await log.flush()
    // Its copies go to a subscription that is gone, as those of a moment without a connection do.
    await node().pause()
    const appended = host.log.append(fence, [direct(alice, bob, 'a')])
    await eventually(() => expect(host.connection.connected).to.equal(false), 5_000)
    node().resume()
    await appended
    await eventually(() => expect(seen.map(({ entry }) => repeatIdOf(entry))).to.deep.equal(['a']), 10_000)
  })

  it('fails appends at once when the connection has been lost for a second', async () => {
    const { log, connection } = await logs.open()
    const alice = newUser()
    const fence = await ownership(log, alice)
    await node().kill()
    await eventually(() => expect(connection.lostForMs).to.be.greaterThan(1_000))
    const started = performance.now()
    const errors = await Promise.all(
      Array.from({ length: 1_000 }, (_, n) => failure(log.append(fence, [direct(alice, 'bob', `m${n}`)]))),
    )
    expect(performance.now() - started).to.be.lessThan(500)
    for (const error of errors) expect(error).to.be.instanceOf(LogUnavailable)
    await node().start()
  })

  it('gives up on an append without an answer at its deadline, and settles it when it is repeated', async () => {
    const { log, connection } = await logs.open({ deadlineMs: 500 })
    const [alice, bob] = [newUser(), newUser()]
    const fence = await ownership(log, alice)
    await node().pause()
    expect(await failure(log.append(fence, [direct(alice, bob, 'a')]))).to.be.instanceOf(LogUnavailable)
    node().resume()
    await eventually(() => expect(connection.connected).to.equal(true))
    await eventually(() => log.append(fence, [direct(alice, bob, 'a')]))
    await log.append(fence, [direct(alice, bob, 'b')])
    const entries = await log.read(directFeed(bob), 0, 10)
    expect(entries.map(({ entry }) => repeatIdOf(entry))).to.deep.equal(['a', 'b'])
  })

  it('tells a holder whose owner was claimed while it was disconnected', async () => {
    const { log } = await logs.open()
    const owner = userOwner(newUser())
    const epoch = await log.claim(owner, { token: 'one', body: null }, 0)
    let superseded = 0
    log.watchClaims(owner, 'one', () => superseded++)
    await log.flush()
    await node().kill()
    await node().start()
    const other = await logs.open()
    await eventually(() => other.log.claim(owner, { token: 'two', body: null }, epoch))
    await eventually(() => expect(superseded).to.equal(1))
    expect((await log.lastClaim(owner))?.token).to.equal('two')
  })

  it('refuses to append to an older copy of itself until it is moved on, and then has owners claim again', async () => {
    const [host, saver] = [await logs.open(), await logs.open()]
    const [alice, bob] = [newUser(), newUser()]
    const owner = userOwner(alice)
    const fence = await ownership(host.log, alice, 'one')
    await host.log.append(fence, [direct(alice, bob, 'kept')])
    await node().kill()
    await node().copyStore('older')
    await node().start()
    await eventually(() => host.log.append(fence, [direct(alice, bob, 'a')]))
    const [last] = await host.log.append(fence, [direct(alice, bob, 'b')])
    const seen = last?.seq ?? expect.fail('not appended')
    let superseded = false
    host.log.watchClaims(owner, 'one', () => {
      superseded = true
    })
    const reports: number[] = []
    saver.reader.onWentBack(highest => reports.push(highest))
    await node().kill()
    await node().restoreStore('older')
    await node().start()

    await eventually(async () => {
      expect(await failure(host.log.append(fence, [direct(alice, bob, 'c')]))).to.be.instanceOf(LogBusy)
    })
    expect(await failure(host.log.claim(owner, { token: 'one', body: 1 }, fence.epoch))).to.be.instanceOf(
      LogBusy,
    )
    await eventually(() => expect(reports).to.include(seen))
    expect(superseded).to.equal(false)
    expect((await everything(saver)).at(-1)?.seq).to.be.lessThan(seen)

    await saver.reader.moveBeyond(seen)
    await saver.reader.moveBeyond(seen)
    await eventually(() => expect(superseded).to.equal(true))
    expect(await failure(host.log.append(fence, [direct(alice, bob, 'd')]))).to.be.instanceOf(Superseded)
    const again = await ownership(host.log, alice, 'two')
    expect(again.epoch).to.equal(seen + 1)
    const [next] = await host.log.append(again, [direct(alice, bob, 'e')])
    expect(next?.seq).to.equal(seen + 2)
    await saver.reader.moveBeyond(seen)
    expect((await everything(saver)).map(({ seq }) => seq)).to.deep.equal([seen + 1, seen + 2])
  })
})
