import { expect } from 'chai'
import type { LogEntry } from '../../messaging/message-log.ts'
import { STREAM } from '../../messaging/nats-stream.ts'
import { directFeed } from '../../protocol/ids.ts'
import { eventually } from '../support/eventually.ts'
import { everything, expectNothingLost, type LogProcess, NatsLogs, Sender } from '../support/nats-log.ts'
import { direct, newUser, ownership } from './message-log.ts'

describe('the log on three replicas', function () {
  this.timeout(60_000)
  let logs: NatsLogs
  /** One host on each server, that goes to another when its own is gone. */
  let hosts: readonly [LogProcess, LogProcess, LogProcess]

  before(async function () {
    logs = await NatsLogs.start(this, 3)
  })
  beforeEach(async () => {
    const [one = '', two = '', three = ''] = logs.servers.urls
    hosts = [await logs.open({}, [one]), await logs.open({}, [two]), await logs.open({}, [three])]
  })
  afterEach(() => logs?.closeAll())
  after(() => logs?.stop())

  it('reads on any server what was answered on another, at once', async () => {
    const [writer, ...readers] = hosts
    const [alice, bob] = [newUser(), newUser()]
    const fence = await ownership(writer.log, alice)
    for (let n = 0; n < 500; n += 1) {
      const [appended] = await writer.log.append(fence, [direct(alice, bob, `m${n}`)])
      const seq = appended?.seq ?? expect.fail('not appended')
      const reader = readers[n % 2]?.log ?? expect.fail('no reader')
      const [entries, entry] = await Promise.all([
        reader.read(directFeed(bob), seq - 1, 1),
        reader.entry(seq),
      ])
      expect(entries.map(found => found.seq)).to.deep.equal([seq])
      expect(entry?.seq).to.equal(seq)
    }
  })

  it('is read whole at a replica that was frozen and lags behind', async () => {
    const leader = logs.servers.nodes.indexOf(await logs.servers.leader(STREAM))
    const [host, lagging] = [hosts[leader], hosts[(leader + 1) % 3]]
    const frozen = logs.servers.nodes[(leader + 1) % 3]
    if (!host || !lagging || !frozen) return expect.fail('no host')
    const bob = newUser()
    const seen = await follow(lagging, bob)
    const fences = await Promise.all(Array.from({ length: 30 }, () => ownership(host.log, newUser())))
    await frozen.pause()
    const appended = await Promise.all(
      fences.map(fence =>
        host.log.append(
          fence,
          Array.from({ length: 50 }, (_, n) => direct(fence.owner.slice('owner.'.length), bob, `m${n}`)),
        ),
      ),
    )
    const seqs = appended.flatMap(answers => answers.map(({ seq }) => seq)).sort((x, y) => x - y)
    // The frozen server gets this before it has heard of anything else.
    const reading = lagging.log.read(directFeed(bob), 0, 10_000)
    frozen.resume()
    expect((await reading).map(({ seq }) => seq)).to.deep.equal(seqs)
    await eventually(() => expect(seen.map(({ seq }) => seq)).to.deep.equal(seqs))
    const stored = (await everything(lagging)).flatMap(record =>
      record.kind === 'entry' && record.feed === directFeed(bob) ? [record.seq] : [],
    )
    expect(stored).to.deep.equal(seqs)
  })

  it('shows every follower all that was acknowledged within ten seconds of the death of its leader under load', async () => {
    const bob = newUser()
    const seen = await Promise.all(hosts.map(host => follow(host, bob)))
    const senders = hosts.flatMap(({ log }) =>
      Array.from({ length: 20 }, () => new Sender(log, newUser(), bob)),
    )
    await Promise.all(senders.map(sender => sender.start()))
    const sent = () => senders.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0)
    await eventually(() => expect(sent()).to.be.greaterThan(2_000), 20_000)
    const leader = await logs.servers.leader(STREAM)
    await leader.kill()
    const before = sent()
    await eventually(() => expect(sent()).to.be.greaterThan(before + 500), 20_000)
    await Promise.all(senders.map(sender => sender.stop()))
    await eventually(() => {
      for (const entries of seen) expect(entries).to.have.length.at.least(sent())
    }, 10_000)
    for (const entries of seen) expectNothingLost(entries, senders)
    await leader.start()
    await leader.healthy()
  })

  it('is moved on as one, and gives higher seqs from then on', async () => {
    const [host, saver] = hosts
    const alice = newUser()
    await ownership(host.log, alice)
    const beyond = (await saver.reader.lastSeq()) + 1_000
    await saver.reader.moveBeyond(beyond)
    expect(await saver.reader.lastSeq()).to.equal(beyond)
    expect(await everything(saver)).to.deep.equal([])
    expect((await ownership(host.log, alice, 'again')).epoch).to.equal(beyond + 1)
  })

  async function follow({ log }: LogProcess, user: string): Promise<LogEntry[]> {
    const seen: LogEntry[] = []
    log.follow(directFeed(user), entry => seen.push(entry))
    await log.flush()
    return seen
  }
})
