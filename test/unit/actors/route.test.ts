import { expect } from 'chai'
import fc from 'fast-check'
import type { Binding } from '../../../actors/user/contract.ts'
import { planBind, planSession, refuseUnrouted, routeOf } from '../../../actors/user/route.ts'

const binding = (connId: string, sv = 0): Binding => ({
  connId,
  sv,
  gatewayId: 'g1',
  device: 'default',
  outstanding: 200,
})
const ids = (connections: readonly Binding[]) => connections.map(({ connId }) => connId)

describe('a route', () => {
  it('evicts the oldest connections over the limit', () => {
    const plan = planBind([binding('a'), binding('b'), binding('c')], binding('d'), 3)
    expect(ids(plan.connections)).to.deep.equal(['b', 'c', 'd'])
    expect(plan.evicted).to.deep.equal([{ connection: binding('a'), reason: 'kicked' }])
  })

  it('evicts connections of lower session versions, whatever the limit', () => {
    const plan = planBind([binding('a', 1), binding('b', 2)], binding('c', 2), 3)
    expect(ids(plan.connections)).to.deep.equal(['b', 'c'])
    expect(plan.evicted).to.deep.equal([{ connection: binding('a', 1), reason: 'session_invalid' }])
  })

  it('holds a connection once, however often it is bound', () => {
    expect(ids(planBind([binding('a')], binding('a'), 1).connections)).to.deep.equal(['a'])
  })

  it('never loses a connection unsaid and never holds more than the limit', () => {
    const bindings = fc.uniqueArray(fc.record({ connId: fc.string({ minLength: 1 }), sv: fc.nat(3) }), {
      selector: ({ connId }) => connId,
      minLength: 1,
      maxLength: 10,
    })
    fc.assert(
      fc.property(bindings, fc.integer({ min: 1, max: 4 }), (raw, limit) => {
        const all = raw.map(({ connId, sv }) => binding(connId, sv))
        const [newest, ...rest] = all
        if (!newest) return
        const { connections, evicted } = planBind(rest, newest, limit)
        expect(connections.length).to.be.within(1, limit)
        expect(connections.at(-1)).to.equal(newest)
        const accounted = [...ids(connections), ...evicted.map(({ connection }) => connection.connId)]
        expect(accounted.sort()).to.deep.equal(ids(all).sort())
      }),
    )
  })

  it('names why a call from outside is refused', () => {
    expect(refuseUnrouted(1, 1, 2, { connId: 'x', sv: 1 }).reason).to.equal('session_invalid')
    expect(refuseUnrouted(1, 1, 2, { connId: 'x', sv: 2 }).reason).to.equal('kicked')
    expect(refuseUnrouted(0, 1, 2, { connId: 'x', sv: 2 }).reason, 'nobody took its place').to.equal(
      'unbound',
    )
  })

  it('starts empty from a claim that says nothing readable', () => {
    for (const body of [undefined, null, 7, {}, { connections: 'x' }]) expect(routeOf(body)).to.deep.equal([])
    expect(planSession(routeOf({ connections: [binding('a', 1)] }), 2).connections).to.deep.equal([])
  })
})
