import { expect } from 'chai'
import type { NatsConnection } from '../../messaging/nats-connection.ts'
import { userOwner } from '../../protocol/ids.ts'
import { eventually } from '../support/eventually.ts'
import { type LogProcess, NatsLogs } from '../support/nats-log.ts'
import { newUser } from './message-log.ts'

const OWNERS = 1000

for (const replicas of [1, 3] as const)
  describe(`a host with the claims of ${OWNERS} owners, ${replicas} replicas`, function () {
    this.timeout(60_000)
    let logs: NatsLogs

    before(async function () {
      logs = await NatsLogs.start(this, replicas)
    })
    afterEach(() => logs?.closeAll())
    after(() => logs?.stop())

    const owners = () => Array.from({ length: OWNERS }, () => userOwner(newUser()))

    /** As an activation does. */
    async function activate({ log }: LogProcess, owner: string, superseded: string[]): Promise<void> {
      const last = await log.lastClaim(owner)
      await log.claim(owner, { token: 'mine', body: null }, last?.epoch ?? 0)
      log.watchClaims(owner, 'mine', () => superseded.push(owner))
      await log.flush()
    }

    it('takes them over with one append each and a few questions for all', async () => {
      const host = await logs.open({ compareMs: 3_600_000 })
      const superseded: string[] = []
      const count = questions(host.connection)
      const all = owners()
      await Promise.all(all.map(owner => activate(host, owner, superseded)))
      // Each asks for the claim before its own.
      expect(count() - OWNERS).to.be.at.most(20)
      expect(superseded).to.deep.equal([])
    })

    it('confirms them after a disconnection with a few questions for all, however many ask how often', async () => {
      const host = await logs.open({ compareMs: 3_600_000 }, logs.servers.urls.slice(0, 1))
      const superseded: string[] = []
      const all = owners()
      await Promise.all(all.map(owner => activate(host, owner, superseded)))
      const [node, taken] = [logs.servers.nodes[0], all.slice(0, 3)]
      const states: string[] = []
      host.connection.onState(state => states.push(state))
      await node?.kill()
      await eventually(() => expect(states).to.include('disconnected'))
      await node?.start()
      await node?.healthy()
      const other = await logs.open({}, logs.servers.urls)
      await eventually(() => expect(host.connection.connected).to.equal(true), 20_000)
      for (const owner of taken) {
        await eventually(async () => {
          const epoch = (await other.log.lastClaim(owner))?.epoch ?? 0
          await other.log.claim(owner, { token: 'theirs', body: null }, epoch)
        })
      }
      await host.log.flush()
      const count = questions(host.connection)
      const answers = await Promise.all(
        Array.from({ length: 3 }, async () => {
          const flushed = host.log.flush()
          const held = await Promise.all(all.map(owner => host.log.isHeld(owner, 'mine')))
          await flushed
          return held
        }),
      )
      expect(count()).to.be.at.most(20)
      for (const held of answers) expect(held).to.deep.equal(all.map(owner => !taken.includes(owner)))
      await eventually(() => expect(superseded.toSorted()).to.deep.equal(taken.toSorted()))
    })

    it('knows of an owner among many that nobody has claimed', async () => {
      const { log } = await logs.open()
      const [claimed, unclaimed] = [userOwner(newUser()), userOwner(newUser())]
      await log.claim(claimed, { token: 'one', body: 1 }, 0)
      const held = await Promise.all([claimed, unclaimed].map(owner => log.isHeld(owner, 'one')))
      expect(held).to.deep.equal([true, false])
    })
  })

/** Counts what is asked of JetStream on a connection from now on, appends and claims excepted. */
function questions(connection: NatsConnection): () => number {
  let count = 0
  const request = connection.request.bind(connection)
  connection.request = (subject, payload, options) => {
    if (subject.startsWith('$JS.')) count++
    return request(subject, payload, options)
  }
  const requestMany = connection.requestMany.bind(connection)
  connection.requestMany = (...args) => {
    count++
    return requestMany(...args)
  }
  return () => count
}
