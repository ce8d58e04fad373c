import { expect } from 'chai'
import {
  type DoubtNotice,
  GatewayWatch,
  type HoldsRequest,
  type ReconcileAnswer,
} from '../../../actors/gateway-watch.ts'
import { Pushes } from '../../../actors/pushes.ts'
import type { Bus, BusHandler, BusState } from '../../../messaging/bus.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import { subjects } from '../../../messaging/subjects.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { eventually } from '../../support/eventually.ts'
import { withOthers } from '../../support/with-others.ts'

const ASK_EVERY_MS = 20

describe('a host watching over gateways', () => {
  let bus: MemoryBus
  let watch: GatewayWatch
  let unbound: string[]
  /** The number of the last push, by connection. */
  const places = new Map<string, number>()

  beforeEach(() => {
    bus = new MemoryBus()
    unbound = []
    watch = new GatewayWatch(bus, 'h1', makeLogger('silent', 'test'), ASK_EVERY_MS)
  })
  afterEach(() => watch.close())

  function route(gatewayId: string, connId: string): void {
    const unbind = () => {
      unbound.push(connId)
      watch.forget(gatewayId, connId)
    }
    watch.watch(gatewayId, connId, { place: () => [7, places.get(connId) ?? 0], unbind })
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

  it('says which connections of a list it has no route for, and how far the others have been pushed to', async () => {
    serve('g1', true)
    route('g1', 'a')
    places.set('a', 3)
    expect(await reconcile('g1', ['a', 'x'])).to.deep.equal({ unknown: ['x'], pushed: { a: [7, 3] } })
    expect(await reconcile('g3', ['y'])).to.deep.equal({ unknown: ['y'], pushed: {} })
  })

  it('answers a list after what it has pushed in the same tick', async () => {
    let ask: BusHandler | undefined
    const listening = withOthers<Bus>(bus, {
      subscribe: (subject, handler) => {
        ask = handler
        return bus.subscribe(subject, handler)
      },
    })
    const asked = new GatewayWatch(listening, 'h2', makeLogger('silent', 'test'))
    const heard: string[] = []
    bus.subscribe(subjects.push('g1'), () => heard.push('push'))
    new Pushes(bus).push('g1', ['a', 7, 1], { kind: 'presence-only', users: [] })
    const value = { gatewayId: 'g1', connIds: ['a'] }
    ask?.({ subject: subjects.reconcile('h2'), value, respond: () => heard.push('answer') })
    await asked.close()
    expect(heard).to.deep.equal(['push', 'answer'])
  })

  it('has every connection touched once it was cut off from the bus', async () => {
    let told: (state: BusState) => void = () => undefined
    const cut = new GatewayWatch(
      withOthers<Bus>(bus, {
        onState: handler => {
          told = handler
        },
      }),
      'h2',
      makeLogger('silent', 'test'),
    )
    const doubted: string[] = []
    for (const gatewayId of ['g1', 'g2'])
      bus.subscribe(subjects.doubt(gatewayId), ({ value }) => {
        doubted.push(...(value as DoubtNotice).connIds.map(connId => `${gatewayId} ${connId}`))
      })
    const route = { place: () => [1, 0] as const, unbind: () => undefined }
    cut.watch('g1', 'a', route)
    cut.watch('g1', 'b', route)
    cut.watch('g2', 'c', route)
    told('disconnected')
    expect(doubted).to.deep.equal([])
    told('connected')
    expect(doubted).to.deep.equal(['g1 a', 'g1 b', 'g2 c'])
    await cut.close()
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
