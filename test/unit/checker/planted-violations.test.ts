import { expect } from 'chai'
import { check } from '../../../tools/checker/check.ts'
import { Random } from '../../../tools/random.ts'
import { Planter } from './planter.ts'
import { plants } from './plants.ts'
import { cleanHistory } from './simulated-world.ts'

const seeds = Array.from({ length: 20 }, (_, index) => 1_000 + index)

describe('the checker on random histories with one planted violation finds', () => {
  for (const { name, kind, plant, ...size } of plants)
    it(`${name} (${kind})`, () => {
      for (const seed of seeds) {
        const planter = new Planter(cleanHistory(seed, size), new Random(seed))
        plant(planter)
        const { violations, counts } = check(planter.lines)
        const found = violations.filter(violation => violation.kind === kind)
        expect(found, `seed ${seed}: ${[...counts.keys()]}`).not.to.have.lengthOf(0)
        expect(found[0]?.lines, `seed ${seed}`).to.include(found[0]?.line)
      }
    })
})
