import { expect } from 'chai'
import { moved } from '../../../dapr/actor-call.ts'
import type { Bus, BusState } from '../../../messaging/bus.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import { subjects } from '../../../messaging/subjects.ts'
import type { Actor, ActorContext, DeactivateReason } from '../../../runtime/actor-runtime.ts'
import { eventually } from '../../support/eventually.ts'
import { type OneProcess, startOneProcess } from './cluster-in-one-process.ts'

describe('a host of actors', () => {
  let one: OneProcess
  let activations: number
  let ended: DeactivateReason[]
  let confirmed: boolean
  let confirmations: number
  let tellState: (state: BusState) => void
  let flushes: number
  let activating: Promise<void>

  beforeEach(async () => {
    activations = 0
    ended = []
    confirmed = true
    confirmations = 0
    flushes = 0
    activating = Promise.resolve()
    const bus: Bus = new MemoryBus()
    const flush = bus.flush.bind(bus)
    bus.flush = () => {
      flushes++
      return flush()
    }
    bus.onState = handler => {
      tellState = handler
    }
    one = await startOneProcess(context => new TestActor(context), { bus })
  })
  afterEach(() => one.close())

  class TestActor implements Actor {
    readonly #context: ActorContext
    constructor(context: ActorContext) {
      this.#context = context
    }
    async activate(): Promise<void> {
      activations++
      await activating
    }
    invoke(method: string): unknown {
      return method
    }
    async deactivate(reason: DeactivateReason): Promise<void> {
      ended.push(reason)
    }
    async confirm(): Promise<boolean> {
      confirmations++
      if (!confirmed) this.#context.drop('superseded')
      return confirmed
    }
    mayIdle(): boolean {
      return false
    }
  }

  const call = (callId = 'c1', method = 'go') => ({
    callId,
    deadline: Date.now() + 1_000,
    method,
    args: null,
  })
  const overBus = (callId?: string) => one.bus.request(subjects.actor('user', 'ann'), call(callId), 1_000)
  const nobodyServes = () =>
    overBus().then(
      () => false,
      (error: Error) => error.name === 'NoResponders',
    )

  it('serves an actor over the bus once it is active, its subscription in force', async () => {
    expect(await nobodyServes()).to.equal(true)
    await one.hosting.call('user', 'ann', call())
    expect(flushes).to.equal(1)
    expect(await overBus('c2')).to.deep.equal({ ok: true, value: 'go' })
  })

  it('ends an actor that Dapr takes away', async () => {
    await one.hosting.call('user', 'ann', call())
    await one.hosting.deactivate('user', 'ann')
    expect(ended).to.deep.equal(['moved'])
    expect(await nobodyServes()).to.equal(true)
  })

  it('serves nothing for an actor that is taken away while it activates', async () => {
    const activated = Promise.withResolvers<void>()
    activating = activated.promise
    const first = one.hosting.call('user', 'ann', call())
    await eventually(() => expect(activations).to.equal(1))
    const leaving = one.hosting.deactivate('user', 'ann')
    await eventually(() => expect(one.hosting.active).to.equal(0))
    activated.resolve()
    expect(await first).to.deep.equal(moved)
    await leaving
    expect(await nobodyServes()).to.equal(true)
  })

  it('keeps an actor that Dapr takes away because placement is gone', async () => {
    await one.hosting.call('user', 'ann', call())
    one.sidecar.placement = 'placement: disconnected'
    await one.hosting.deactivate('user', 'ann')
    expect(ended).to.deep.equal([])
    expect(await overBus('c2')).to.deep.equal({ ok: true, value: 'go' })
  })

  it('tells Dapr of the actors that stayed once placement is back, and of no others', async () => {
    await one.hosting.call('user', 'ann', call())
    one.sidecar.placement = 'placement: disconnected'
    await one.hosting.deactivate('user', 'ann')
    one.sidecar.placement = 'placement: connected'
    await eventually(() =>
      expect(one.sidecar.seen.map(({ url }) => url)).to.include('/v1.0/actors/user/ann/method/%24adopt'),
    )
    expect(activations).to.equal(1)
    await one.hosting.deactivate('user', 'ann')
    expect(ended).to.deep.equal(['moved'])
  })

  it('asks the sidecar once or twice for many deactivations at once', async () => {
    const ids = Array.from({ length: 50 }, (_, n) => `u${n}`)
    await Promise.all(ids.map(id => one.hosting.call('user', id, call(id))))
    await Promise.all(ids.map(id => one.hosting.deactivate('user', id)))
    expect(ended).to.have.length(50)
    expect(one.sidecar.seen.filter(({ url }) => url.endsWith('/metadata'))).to.have.length.within(1, 2)
  })

  it('does not activate an actor for a call that comes over the bus', async () => {
    await one.hosting.call('user', 'ann', call())
    const late = overBus('late')
    await one.hosting.deactivate('user', 'ann')
    await late
    expect(activations).to.equal(1)
  })

  it('answers moved while the bus is lost, and has actors confirm their claims before the next turn', async () => {
    await one.hosting.call('user', 'ann', call())
    tellState('disconnected')
    expect(await one.hosting.call('user', 'ann', call('c2'))).to.deep.equal(moved)
    expect(one.hosting.busLostForMs).to.be.above(0)
    tellState('connected')
    expect(await one.hosting.call('user', 'ann', call('c3'))).to.include({ ok: true })
    await one.hosting.call('user', 'ann', call('c4'))
    expect(confirmations).to.equal(1)
  })

  it('answers moved for an actor that is not the one any more', async () => {
    await one.hosting.call('user', 'ann', call())
    tellState('disconnected')
    tellState('connected')
    confirmed = false
    expect(await one.hosting.call('user', 'ann', call('c2'))).to.deep.equal(moved)
    expect(await one.hosting.call('user', 'ann', call('c3')), 'a new activation').to.include({ ok: true })
    expect(ended).to.deep.equal(['superseded'])
  })

  it('has actors confirm their claims after the process stood still', async () => {
    await one.hosting.call('user', 'ann', call())
    const until = performance.now() + 700
    while (performance.now() < until);
    await one.hosting.call('user', 'ann', call('c2'))
    expect(confirmations).to.equal(1)
  })

  it('has every actor end in order when it is closed', async () => {
    await one.hosting.call('user', 'ann', call())
    await one.hosting.close()
    expect(ended).to.deep.equal(['moved'])
    expect(await one.hosting.call('user', 'ann', call('c2'))).to.deep.equal(moved)
  })
})
