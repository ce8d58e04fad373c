import { expect } from 'chai'
import { GatewayWatch, type HoldsRequest, type ReconcileAnswer } from '../../../actors/gateway-watch.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import { subjects } from '../../../messaging/subjects.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { eventually } from '../../support/eventually.ts'

const ASK_EVERY_MS = 20

describe('a host watching over gateways', () => {
  let bus: MemoryBus
  let watch: GatewayWatch
  let unbound: string[]

  beforeEach(() => {
    bus = new MemoryBus()
    unbound = []
    watch = new GatewayWatch(bus, 'h1', makeLogger('silent', 'test'), ASK_EVERY_MS)
  })
  afterEach(() => watch.close())

  function route(gatewayId: string, connId: string): void {
    watch.watch(gatewayId, connId, () => {
      unbound.push(connId)
      watch.forget(gatewayId, connId)
    })
  }

  /** Answers signs of life; resolves when it has been asked `times` times from now on. */
  function serve(gatewayId: string, alive: boolean): { asked: (times: number) => Promise<unknown> } {
    let count = 0
    bus.subscribe(subjects.gatewayAlive(gatewayId), ({ respond }) => {
      count++
      if (alive) respond?.({})
    })
    return { asked: times => eventually(() => expect(count).to.be.at.least(times)) }
  }

  const reconcile = (gatewayId: string, connIds: readonly string[]) =>
    bus.request(subjects.reconcile('h1'), { gatewayId, connIds }, 1_000) as Promise<ReconcileAnswer>

  it('unbinds the routes of a dead one, and of no other', async () => {
    const living = serve('g1', true)
    route('g1', 'a')
    route('g2', 'b')
    route('g2', 'c')
    await eventually(() => expect(unbound).to.deep.equal(['b', 'c']))
    await living.asked(5)
    expect(unbound).to.deep.equal(['b', 'c'])
  })

  it('leaves the routes of one that does not answer', async () => {
    const frozen = serve('g1', false)
    route('g1', 'a')
    await frozen.asked(6)
    expect(unbound).to.deep.equal([])
  })

  it('unbinds a route that two lists of its gateway in a row do not have', async () => {
    serve('g1', true)
    route('g1', 'a')
    route('g1', 'b')
    await reconcile('g1', ['a'])
    await reconcile('g1', ['a', 'b'])
    await reconcile('g1', ['a'])
    expect(unbound).to.deep.equal([])
    await reconcile('g1', ['a'])
    expect(unbound).to.deep.equal(['b'])
  })

  it('says which connections of a list it has no route for', async () => {
    serve('g1', true)
    route('g1', 'a')
    expect(await reconcile('g1', ['a', 'x'])).to.deep.equal({ unknown: ['x'] })
    expect(await reconcile('g3', ['y'])).to.deep.equal({ unknown: ['y'] })
  })

  it('takes a gateway’s word for what it holds, and a silent or lost one for holding nothing', async () => {
    bus.subscribe(subjects.holds('g1'), ({ value, respond }) =>
      respond?.({ held: (value as HoldsRequest).connId === 'there' }),
    )
    bus.subscribe(subjects.holds('frozen'), () => undefined)
    expect(await watch.holds('g1', 'there')).to.equal(true)
    expect(await watch.holds('g1', 'gone')).to.equal(false)
    expect(await watch.holds('frozen', 'there')).to.equal(false)
    expect(await watch.holds('nowhere', 'there')).to.equal(false)
  })
})
