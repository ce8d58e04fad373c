import { expect } from 'chai'
import { readOptions } from '../../../tools/drill/options.ts'
import { planFaults, targets } from '../../../tools/drill/schedule.ts'
import { Random } from '../../../tools/random.ts'

const plan = (seed: number) => planFaults(new Random(seed), { of: targets, durationMs: 60_000, everyMs: 900 })

describe('the faults of a drill', () => {
  it('are the same for the same seed, and others for another', () => {
    expect(plan(7)).to.deep.equal(plan(7))
    expect(plan(8)).not.to.deep.equal(plan(7))
  })

  it('happen to every part in the end, and heal before the drill is over', () => {
    const faults = [1, 2, 3, 4, 5].flatMap(plan)
    expect(new Set(faults.map(({ target }) => target))).to.deep.equal(new Set(targets))
    for (const { at, forMs } of faults) expect(at + forMs).to.be.at.most(60_000)
  })

  it('meet users of JSON, of MessagePack or of both in turns', () => {
    expect(readOptions([]).protocols).to.deep.equal(['json'])
    expect(readOptions(['--protocol', 'json,msgpack']).protocols).to.deep.equal(['json', 'msgpack'])
    expect(() => readOptions(['--protocol', 'stomp'])).to.throw('not stomp')
  })

  it('are refused by name when the drill does not know them', () => {
    expect(() => readOptions(['--faults', 'gateway,moon'])).to.throw('not moon')
    expect(() => readOptions(['--seconds', 'soon'])).to.throw('--seconds')
    expect(readOptions(['--faults', 'gateway, host']).faults).to.deep.equal(['gateway', 'host'])
  })
})
