import { expect } from 'chai'
import { OwnPresence } from '../../../actors/user/presence/own-presence.ts'
import type { PresenceStatus } from '../../../protocol/presence.ts'
import { until } from '../../support/until.ts'

const GRACE_MS = 300

describe('a user’s own presence', () => {
  const started: OwnPresence[] = []
  afterEach(() => {
    for (const own of started.splice(0)) own.stop(false)
  })

  const make = (graceMs = GRACE_MS, intervalMs = 0, restored = true) => {
    const connections = new Map<string, PresenceStatus | undefined>()
    const told: [status: PresenceStatus, greet: boolean][] = []
    const order: [epoch: number, n: number][] = []
    const state = { epoch: 7, ended: 0 }
    const own = new OwnPresence('bob', {
      graceMs,
      intervalMs,
      statuses: () => connections.values(),
      epoch: () => state.epoch,
      tell: ({ status, epoch, n }, greet) => {
        told.push([status, greet])
        order.push([epoch, n])
      },
      ended: () => {
        state.ended++
      },
    })
    if (restored) own.restored(false)
    started.push(own)
    const bind = (name: string, status: PresenceStatus = 'online') => {
      connections.set(name, status)
      own.bound()
    }
    const leave = (name: string) => {
      connections.delete(name)
      own.left()
    }
    return { own, connections, told, order, state, bind, leave }
  }

  it('greets with the first connection, and ends with the last one when the grace is over', async () => {
    const { own, told, order, state, bind, leave } = make()
    expect(own.quiet).to.equal(true)
    bind('c1')
    await until(() => told.length === 1, 'nothing was told')
    expect(told).to.deep.equal([['online', true]])
    const leftAt = performance.now()
    leave('c1')
    expect((await own.state()).status, 'the grace is not over').to.equal('online')
    await until(() => told.length === 2, 'nothing was told')
    expect(performance.now() - leftAt).to.be.at.least(GRACE_MS - 2)
    expect(told.at(-1)).to.deep.equal(['offline', false])
    expect(order).to.deep.equal([
      [7, 1],
      [7, 2],
    ])
    expect(state.ended).to.equal(1)
    expect(own.quiet).to.equal(true)
  })

  it('says nothing of who is back within the grace, nor of a lesser device that stays meanwhile', async () => {
    const { own, connections, told, bind, leave } = make()
    bind('c1')
    await until(() => told.length === 1, 'nothing was told')
    bind('c2', 'away')
    for (let round = 0; round < 5; round++) {
      leave('c1')
      bind('c1')
    }
    await until(() => own.state().then(({ n }) => n === 1), 'it has changed')
    connections.clear()
    own.left()
    await until(() => told.length === 2, 'nothing was told')
    expect(told).to.deep.equal([
      ['online', true],
      ['offline', false],
    ])
  })

  it('tells a client that begins as away or unseen as that from the start', async () => {
    const { own, connections, told, bind } = make()
    bind('c1')
    connections.set('c1', 'away')
    own.said()
    await until(() => told.length === 1, 'nothing was told')
    expect(told).to.deep.equal([['away', true]])
  })

  it('tells what changes faster than the interval as it is then', async () => {
    const { own, connections, told, bind } = make(GRACE_MS, 150)
    bind('c1')
    await until(() => told.length === 1, 'nothing was told')
    for (const status of ['away', 'online', 'away', 'offline', 'away'] as const) {
      connections.set('c1', status)
      own.said()
    }
    await until(() => told.length === 2, 'nothing was told')
    expect(told.at(-1)).to.deep.equal(['away', false])
  })

  it('waits for the gateways of an earlier owner’s connections, and answers who asks meanwhile then', async () => {
    const { own, connections, told, bind } = make(50)
    connections.set('c1', undefined)
    const asked = own.state()
    bind('c2', 'away')
    await until(() => own.quiet === false, 'it is quiet')
    connections.set('c1', 'online')
    own.settle()
    expect((await asked).status).to.equal('online')
    await until(() => told.length > 0, 'nothing was told')
    expect(told).to.deep.equal([['online', true]])
  })

  it('says last what is still to be said, where nobody takes over', async () => {
    for (const last of [true, false]) {
      const { own, told, bind, leave } = make()
      bind('c1')
      await until(() => told.length === 1, 'nothing was told')
      leave('c1')
      own.stop(last)
      expect(told.length).to.equal(last ? 2 : 1)
    }
  })

  it('says that nobody is there where an earlier owner had connections and their gateway is gone', async () => {
    const { own, connections, told, leave } = make(GRACE_MS, 0, false)
    connections.set('c1', undefined)
    own.restored(true)
    const leftAt = performance.now()
    leave('c1')
    await until(() => told.length === 1, 'nothing was told')
    expect(performance.now() - leftAt).to.be.at.least(GRACE_MS - 2)
    expect(told).to.deep.equal([['offline', false]])
    expect(own.quiet).to.equal(true)
  })

  it('answers who asks before the route is read when it is read', async () => {
    const { own, connections } = make(GRACE_MS, 0, false)
    const asked = own.state()
    connections.set('c1', undefined)
    own.restored(true)
    connections.set('c1', 'away')
    own.settle()
    expect(await asked).to.include({ status: 'away', n: 1 })
  })
})
