import { expect } from 'chai'
import fc from 'fast-check'
import type { Binding } from '../../../actors/user/contract.ts'
import {
  planBind,
  planSession,
  type RouteRules,
  refuseUnrouted,
  routeOf,
} from '../../../actors/user/route.ts'
import type { DevicePolicy } from '../../../protocol/device-policy.ts'

const binding = (connId: string, sv = 0, more: Partial<Binding> = {}): Binding => ({
  connId,
  sv,
  gatewayId: 'g1',
  device: 'default',
  outstanding: 200,
  ...more,
})
const newest = (count: number): RouteRules => ({ policy: { keep: 'newest', count }, maxDevices: 4 })
const perDevice: RouteRules = { policy: { keep: 'one-per-device' }, maxDevices: 3 }
const of = (connId: string, device: string) => binding(connId, 0, { device })
const ids = (connections: readonly Binding[]) => connections.map(({ connId }) => connId)

describe('a route', () => {
  it('evicts the oldest connections over the limit', () => {
    const plan = planBind([binding('a'), binding('b'), binding('c')], binding('d'), newest(3))
    expect(ids(plan.connections)).to.deep.equal(['b', 'c', 'd'])
    expect(plan.evicted).to.deep.equal([{ connection: binding('a'), reason: 'kicked' }])
  })

  it('evicts connections of lower session versions, whatever the limit', () => {
    const plan = planBind([binding('a', 1), binding('b', 2)], binding('c', 2), newest(3))
    expect(ids(plan.connections)).to.deep.equal(['b', 'c'])
    expect(plan.evicted).to.deep.equal([{ connection: binding('a', 1), reason: 'session_invalid' }])
  })

  it('holds a connection once, however often it is bound', () => {
    expect(ids(planBind([binding('a')], binding('a'), newest(1)).connections)).to.deep.equal(['a'])
  })

  it('per device evicts an older connection of the same device, else none up to the most there may be', () => {
    const there = [of('a', 'phone'), of('b', 'web')]
    const again = planBind(there, of('c', 'phone'), perDevice)
    expect(ids(again.connections)).to.deep.equal(['b', 'c'])
    expect(again.evicted).to.deep.equal([{ connection: of('a', 'phone'), reason: 'kicked' }])
    const third = planBind(there, of('c', 'watch'), perDevice)
    expect(ids(third.connections)).to.deep.equal(['a', 'b', 'c'])
    expect(ids(planBind(third.connections, of('d', 'tv'), perDevice).connections)).to.deep.equal([
      'b',
      'c',
      'd',
    ])
  })

  it('is what the newcomer’s own policy makes it, within the most that a token can ask for', () => {
    const there = [of('a', 'phone'), of('b', 'web')]
    const bound = (policy: DevicePolicy, rules: RouteRules) =>
      ids(planBind(there, binding('c', 0, { device: 'phone', policy }), rules).connections)
    expect(bound({ keep: 'newest', count: 3 }, newest(1))).to.deep.equal(['a', 'b', 'c'])
    expect(bound({ keep: 'newest', count: 1 }, newest(3))).to.deep.equal(['c'])
    expect(bound({ keep: 'one-per-device' }, newest(1))).to.deep.equal(['b', 'c'])
    expect(bound({ keep: 'newest', count: 99 }, { ...newest(1), maxDevices: 2 })).to.deep.equal(['b', 'c'])
  })

  it('never loses a connection unsaid and never holds more than the limit', () => {
    const device = fc.constantFrom('phone', 'web', 'watch')
    const raw = fc.record({ connId: fc.string({ minLength: 1 }), sv: fc.nat(3), device })
    const bindings = fc.uniqueArray(raw, { selector: ({ connId }) => connId, minLength: 1, maxLength: 10 })
    const rules = fc.oneof(fc.integer({ min: 1, max: 4 }).map(newest), fc.constant(perDevice))
    fc.assert(
      fc.property(bindings, rules, (raw, rules) => {
        const all = raw.map(({ connId, sv, device }) => binding(connId, sv, { device }))
        const [newcomer, ...rest] = all
        if (!newcomer) return
        const { connections, evicted } = planBind(rest, newcomer, rules)
        const { policy, maxDevices } = rules
        expect(connections.length).to.be.within(1, policy.keep === 'newest' ? policy.count : maxDevices)
        expect(connections.at(-1)).to.equal(newcomer)
        if (policy.keep === 'one-per-device')
          expect(connections.filter(({ device }) => device === newcomer.device)).to.have.length(1)
        const accounted = [...ids(connections), ...evicted.map(({ connection }) => connection.connId)]
        expect(accounted.sort()).to.deep.equal(ids(all).sort())
      }),
    )
  })

  it('names why a call from outside is refused', () => {
    const why = (routed: readonly Binding[], rules: RouteRules, ref: { sv: number; device: string }) =>
      refuseUnrouted(routed, rules, 2, { connId: 'x', ...ref }).reason
    const phone = { sv: 2, device: 'phone' }
    expect(why([of('a', 'web')], newest(1), { ...phone, sv: 1 })).to.equal('session_invalid')
    expect(why([of('a', 'web')], newest(1), phone)).to.equal('kicked')
    expect(why([], newest(1), phone), 'nobody took its place').to.equal('unbound')
    expect(why([of('a', 'web')], newest(2), phone), 'there is room').to.equal('unbound')
    expect(why([of('a', 'web')], perDevice, phone), 'there is room for its device').to.equal('unbound')
    expect(why([of('a', 'phone'), of('b', 'web')], perDevice, phone)).to.equal('kicked')
  })

  it('starts empty from a claim that says nothing readable', () => {
    for (const body of [undefined, null, 7, {}, { connections: 'x' }]) expect(routeOf(body)).to.deep.equal([])
    expect(planSession(routeOf({ connections: [binding('a', 1)] }), 2).connections).to.deep.equal([])
  })
})
