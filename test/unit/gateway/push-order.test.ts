import { expect } from 'chai'
import { PushOrder } from '../../../gateway/connection/push-order.ts'

describe('the order of pushes', () => {
  it('delivers each number of an epoch once and asks for a resync after a gap', () => {
    const order = new PushOrder()
    expect([1, 2, 2, 1, 3].map(n => order.judge(5, n))).to.deep.equal([
      'deliver',
      'deliver',
      'drop',
      'drop',
      'deliver',
    ])
    expect(order.judge(5, 5)).to.equal('resync')
  })

  it('drops what an earlier owner pushes and starts again with a later one', () => {
    const order = new PushOrder()
    order.judge(5, 1)
    expect(order.judge(6, 1)).to.equal('deliver')
    expect(order.judge(5, 2)).to.equal('drop')
    expect(order.judge(7, 2)).to.equal('resync')
  })

  it('knows from the owner’s word whether pushes were lost', () => {
    const order = new PushOrder()
    order.judge(5, 1)
    expect(order.confirm(5, 1)).to.equal(true)
    expect(order.confirm(5, 2)).to.equal(false)
    expect(order.confirm(6, 0)).to.equal(true)
    expect(order.judge(5, 2)).to.equal('drop')
    expect(order.confirm(4, 9), 'an answer of an owner that has been superseded').to.equal(true)
  })
})
