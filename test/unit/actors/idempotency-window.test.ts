import { expect } from 'chai'
import { IdempotencyWindow } from '../../../actors/user/idempotency-window.ts'

describe('an idempotency window', () => {
  it('knows the last ids of its sender and forgets the oldest', () => {
    const window = new IdempotencyWindow(3, [
      ['c', 3],
      ['b', 2],
      ['a', 1],
    ])
    window.add('d', 4)
    expect(['a', 'b', 'c', 'd'].map(id => window.seqOf(id))).to.deep.equal([undefined, 2, 3, 4])
  })
})
