import { expect } from 'chai'
import { Patience } from '../../../dapr/patience.ts'

describe('how long an answer may take', () => {
  const patienceAfter = (...answers: number[]) => {
    const patience = new Patience()
    for (const ms of answers) patience.answered(ms)
    return patience.ms
  }
  const many = (ms: number, count = 300) => Array.from({ length: count }, () => ms)

  it('is 250 ms where answers come at once', () => {
    expect(patienceAfter()).to.equal(250)
    expect(patienceAfter(...many(5))).to.equal(250)
  })

  it('is more than answers take where all are late', () => {
    for (const ms of [300, 700, 1200]) expect(patienceAfter(...many(ms))).to.be.within(ms, 2 * ms)
    expect(patienceAfter(...many(500).flatMap(ms => [ms, 2 * ms]))).to.be.greaterThan(1000)
  })

  it('grows within a few dozen answers, and is forgotten as fast', () => {
    expect(patienceAfter(...many(5), ...many(600, 50))).to.be.greaterThan(600)
    expect(patienceAfter(...many(600), ...many(5, 200))).to.equal(250)
  })

  it('is 2 s at most: a frozen host must be found out', () => {
    expect(patienceAfter(...many(9000))).to.equal(2000)
  })

  it('is not changed much by a few who were answered late', () => {
    expect(patienceAfter(...many(5), 3000, ...many(5, 50))).to.be.lessThan(700)
  })
})
