import { expect } from 'chai'
import { check } from '../../../tools/checker/check.ts'
import { cleanHistory } from './simulated-world.ts'

const seeds = Array.from({ length: 60 }, (_, index) => index + 1)

describe('the checker on clean histories', () => {
  for (const quiet of [true, false])
    it(`finds nothing in random ones that ${quiet ? 'end quiet' : 'break off'}`, () => {
      for (const seed of seeds) {
        const { violations, tally } = check(cleanHistory(seed, { quiet, answers: seed % 2 === 0 }))
        expect(violations, `seed ${seed}`).to.deep.equal([])
        expect(tally.received, `seed ${seed}`).to.be.greaterThan(20)
      }
    })
})
