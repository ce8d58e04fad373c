import { expect } from 'chai'
import { formatVersion, isAtLeast, parseVersion } from '../../../tools/version.ts'

describe('a version', () => {
  it('is found in what a tool says about itself', () => {
    expect(parseVersion('nats-server: v2.15.2\n')).to.deep.equal([2, 15, 2])
    expect(parseVersion('1.18.2')).to.deep.equal([1, 18, 2])
  })

  it('is unknown for a development build', () => {
    expect(parseVersion('edge\n')).to.equal(undefined)
  })

  it('is compared as numbers, the first difference deciding', () => {
    expect(isAtLeast([2, 15, 2], [2, 15, 2])).to.equal(true)
    expect(isAtLeast([2, 16, 0], [2, 15, 2])).to.equal(true)
    expect(isAtLeast([3, 0, 0], [2, 15, 2])).to.equal(true)
    expect(isAtLeast([2, 9, 10], [2, 15, 2])).to.equal(false)
    expect(isAtLeast([1, 99, 99], [2, 0, 0])).to.equal(false)
  })

  it('reads as it is written', () => {
    expect(formatVersion([1, 18, 2])).to.equal('1.18.2')
  })
})
