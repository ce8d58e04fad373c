import { expect } from 'chai'
import fc from 'fast-check'
import { PurgePlan } from '../../../storage/purge-plan.ts'

describe('the plan of purges', () => {
  it('tells a position once, when it has been saved for the retention', () => {
    const plan = new PurgePlan(60_000)
    plan.reached(10, 0)
    plan.reached(20, 30_000)
    expect(plan.due(59_999)).to.equal(undefined)
    expect(plan.due(60_000)).to.equal(10)
    expect(plan.due(60_000)).to.equal(undefined)
    expect(plan.due(200_000)).to.equal(20)
  })

  it('never tells what was saved later than that, whenever it is asked', () => {
    const moves = fc.array(fc.record({ wait: fc.nat(5000), more: fc.nat(100), ask: fc.boolean() }))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20_000 }), moves, (retention, steps) => {
        const plan = new PurgePlan(retention)
        const reached: { at: number; position: number }[] = []
        let [now, position] = [0, 0]
        for (const { wait, more, ask } of steps) {
          now += wait
          position += more
          plan.reached(position, now)
          reached.push({ at: now, position })
          if (!ask) continue
          const due = plan.due(now) ?? 0
          const allowed = reached.filter(({ at }) => now - at >= retention).map(sample => sample.position)
          expect(due).to.be.at.most(Math.max(0, ...allowed))
        }
      }),
    )
  })

  it('keeps few samples however often the position moves', () => {
    const plan = new PurgePlan(60_000)
    for (let now = 0; now < 60_000; now += 10) plan.reached(now + 1, now)
    let told = 0
    for (let now = 60_000; now < 130_000; now += 10) told += plan.due(now) === undefined ? 0 : 1
    expect(told).to.be.within(50, 61)
  })
})
