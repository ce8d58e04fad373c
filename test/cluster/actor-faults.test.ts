import { expect } from 'chai'
import { SqlStore } from '../../storage/sql-store.ts'
import { eventually } from '../support/eventually.ts'
import { ActorCluster } from './actor-cluster.ts'

const USERS = 60
const PAUSE_MS = 50
/** So many calls without a slow one: each user has been answered several times. */
const CALM = USERS * 10
/** What the design promises of a host that died, and of one that was frozen; the figures themselves are printed. */
const DEAD_MS = 5_000
const FROZEN_MS = 10_000

describe('actors in a cluster, while users send all the time', function () {
  this.timeout(120_000)
  let actors: ActorCluster

  before(async function () {
    actors = await ActorCluster.start(this)
    await actors.ask('load', { users: USERS, pauseMs: PAUSE_MS })
    await actors.calm(CALM)
  })
  after(() => actors?.stop())

  const cluster = () => actors.cluster

  /** Every host's sidecar is known to placement again. */
  async function restored(host: string): Promise<void> {
    await cluster().restartPair(host)
    await actors.calm(CALM)
  }

  it('needs Dapr for a user’s first call only', async () => {
    const before = await actors.ask<{ dapr: number; bus: number }>('counts')
    await actors.during('nothing happens', CALM, async () => {})
    const after = await actors.ask<{ dapr: number; bus: number }>('counts')
    expect(before.dapr).to.be.within(USERS, USERS * 2)
    expect(after.dapr).to.equal(before.dapr)
    expect(after.bus - before.bus).to.be.at.least(CALM)
  })

  it('move at once when their host and its sidecar are killed', async () => {
    const report = await actors.during('host and daprd killed', CALM, () =>
      Promise.all([cluster().kill('daprd-host-1'), cluster().kill('host-1')]),
    )
    await restored('host-1')
    expect(report.errors).to.deep.equal([])
    expect(report.slowestMs).to.be.below(DEAD_MS)
  })

  it('move within seconds when only their host’s Node process is killed', async () => {
    const report = await actors.during('Node killed', CALM, () => cluster().kill('host-2'))
    await restored('host-2')
    expect(report.errors).to.deep.equal([])
    expect(report.slowestMs).to.be.below(DEAD_MS)
  })

  it('go on when only the sidecar is killed', async () => {
    const report = await actors.during('daprd killed', CALM, () => cluster().kill('daprd-host-1'))
    await restored('host-1')
    expect(report.errors).to.deep.equal([])
    expect(report.slowestMs).to.be.below(DEAD_MS)
  })

  it('are served elsewhere while their host and sidecar are frozen, and step back when they wake up', async () => {
    const frozen = ['daprd-host-2', 'host-2']
    const report = await actors.during('both frozen', CALM, async () => {
      for (const name of frozen) cluster().pause(name)
    })
    const thawed = await actors.during('both thawed', CALM, async () => {
      for (const name of frozen) cluster().resume(name)
      // Each is active once again: those that woke up have found out that they were superseded.
      await eventually(async () => expect(await actors.active()).to.equal(USERS))
    })
    await restored('host-2')
    expect(report.errors).to.deep.equal([])
    expect(report.slowestMs).to.be.below(FROZEN_MS)
    expect(thawed.errors).to.deep.equal([])
  })

  it('go on while placement is away, and new users are placed when it is back', async () => {
    // Whoever is on the way from one host to another when placement goes away stays without a place until it is back.
    await actors.settled(USERS)
    const report = await actors.during('placement killed', CALM, () => cluster().kill('placement-1'))
    const unread = actors.ask('unread', { user: 'newcomer' })
    await cluster().restart('placement-1')
    await actors.calm(CALM)
    expect(report.errors).to.deep.equal([])
    expect(report.slowestMs).to.be.below(DEAD_MS)
    expect(await unread).to.deep.equal([])
  })

  it('move without a failed call when a host joins and leaves', async () => {
    let joined = ''
    const joining = await actors.during('a host joins', CALM, async () => {
      joined = await cluster().addHost()
      await eventually(async () => expect(await actors.metric(joined, 'homing_actors')).to.be.above(0))
    })
    expect(joining.errors).to.deep.equal([])
    expect(joining.slowestMs).to.be.below(DEAD_MS)
    const leaving = await actors.during('a host leaves', CALM, () => cluster().removeHost(joined))
    expect(leaving.errors).to.deep.equal([])
    expect(leaving.slowestMs).to.be.below(DEAD_MS)
  })

  it('have lost and doubled nothing after all that', async () => {
    const sent = await actors.rest()
    const store = await SqlStore.mysql(cluster().databaseUrl)
    try {
      for (const [user, messages] of Object.entries(sent)) {
        const seqs = messages.map(([, seq]) => seq)
        expect(seqs, user).to.deep.equal([...new Set(seqs)].sort((a, b) => a - b))
        await eventually(async () => {
          const saved = await store.messages.recentIds(user, messages.length + 10)
          expect(saved.toReversed(), user).to.deep.equal(messages)
        })
      }
    } finally {
      await store.close()
    }
  })
})
