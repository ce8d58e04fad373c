import { expect } from 'chai'
import fc from 'fast-check'
import { Delivery } from '../../../actors/user/delivery.ts'
import type { LogEntry } from '../../../messaging/message-log.ts'

const entry = (seq: number): LogEntry => ({
  seq,
  feed: 'direct.bob',
  entry: {
    kind: 'direct',
    from: 'alice',
    to: 'bob',
    clientMsgId: `m${seq}`,
    body: 'x',
    msgType: 'TEXT',
    ts: 0,
  },
})

const notice = (seq: number): LogEntry => ({
  seq,
  feed: 'direct.bob',
  entry: { kind: 'revocation', from: 'alice', to: 'bob', target: 1, ts: 0 },
})

describe('a delivery', () => {
  it('moves its cursor over what is contiguously acknowledged', () => {
    const delivery = new Delivery(0, 10)
    for (const seq of [3, 5, 9]) delivery.push(entry(seq))
    delivery.acknowledge(5)
    expect(delivery.cursor).to.equal(0)
    delivery.acknowledge(3)
    expect(delivery.cursor).to.equal(5)
    delivery.acknowledge(9)
    expect(delivery.cursor).to.equal(9)
    expect(delivery.room).to.equal(10)
  })

  it('takes an acknowledgement up to a message for all pushed before it', () => {
    const delivery = new Delivery(0, 10)
    for (const seq of [1, 2, 3, 4]) delivery.push(entry(seq))
    delivery.acknowledge(2)
    expect(delivery.acknowledge(3, true).map(({ seq }) => seq)).to.deep.equal([1, 3])
    expect(delivery.cursor).to.equal(3)
  })

  it('takes it also where the message itself is yet to be pushed again', () => {
    const delivery = new Delivery(0, 2)
    for (const seq of [1, 2]) delivery.push(entry(seq))
    expect(delivery.acknowledge(4, true).map(({ seq }) => seq)).to.deep.equal([1, 2])
    expect(delivery.cursor).to.equal(2)
  })

  it('does not push again what an earlier connection has acknowledged', () => {
    const delivery = new Delivery(0, 10)
    delivery.acknowledgeEarly(2)
    expect(delivery.push(entry(1))).to.equal(true)
    expect(delivery.push(entry(2))).to.equal(false)
    delivery.acknowledge(1)
    expect(delivery.cursor).to.equal(2)
  })

  it('takes what is skipped for no acknowledgement of the notice before it', () => {
    const delivery = new Delivery(0, 10)
    delivery.push(notice(1))
    delivery.skip(entry(2))
    expect(delivery.cursor, 'the notice may not have arrived').to.equal(0)
    delivery.push(entry(3))
    delivery.skip(entry(4))
    delivery.acknowledge(3)
    expect(delivery.cursor).to.equal(4)
    delivery.skip(entry(5))
    expect(delivery.cursor).to.equal(5)
  })

  it('gives the oldest notice up where many are followed by nothing that could be acknowledged', () => {
    const delivery = new Delivery(0, 4)
    delivery.push(notice(1))
    for (const seq of [2, 3, 4, 5]) delivery.skip(entry(seq))
    expect(delivery.cursor).to.equal(5)
    expect(delivery.room).to.equal(4)
  })

  it('keeps what it promises for any order of pushes and acknowledgements', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('push' as const), gap: fc.integer({ min: 1, max: 3 }) }),
      fc.record({
        kind: fc.constant('ack' as const),
        seq: fc.integer({ min: 1, max: 60 }),
        upTo: fc.boolean(),
      }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), steps => {
        const delivery = new Delivery(0, 8)
        const pushed: number[] = []
        const acknowledged = new Set<number>()
        for (const action of steps) {
          if (action.kind === 'push') {
            if (delivery.room === 0) continue
            const seq = delivery.lastPushed + action.gap
            delivery.push(entry(seq))
            pushed.push(seq)
          } else {
            const news = delivery.acknowledge(action.seq, action.upTo).map(({ seq }) => seq)
            for (const seq of news) {
              expect(acknowledged.has(seq), 'each acknowledgement is news once').to.equal(false)
              acknowledged.add(seq)
            }
          }
          const open = pushed.filter(seq => !acknowledged.has(seq))
          const contiguous = pushed.filter(seq => open.every(other => seq < other))
          expect(delivery.cursor).to.equal(contiguous.at(-1) ?? 0)
          expect(delivery.room).to.be.within(0, 8)
        }
      }),
    )
  })

  it('takes the acknowledgement of a message for that of notices before it, and waits for none of theirs', () => {
    const delivery = new Delivery(0, 3)
    delivery.push(notice(1))
    delivery.push(entry(2))
    delivery.push(notice(3))
    delivery.acknowledge(2)
    expect(delivery.cursor, 'the last one is pushed again at the next bind').to.equal(2)
    for (const seq of [4, 5, 6, 7]) delivery.push(notice(seq))
    expect(delivery.room, 'notices never fill it').to.be.at.least(1)
    expect(delivery.cursor).to.be.at.least(4)
    delivery.push(entry(8))
    delivery.acknowledge(8)
    expect(delivery.cursor).to.equal(8)
  })

  it('moves over what is not to be sent', () => {
    const delivery = new Delivery(0, 10)
    delivery.skip(entry(1))
    expect(delivery.cursor).to.equal(1)
    delivery.push(entry(2))
    delivery.skip(entry(3))
    expect(delivery.cursor).to.equal(1)
    delivery.acknowledge(2)
    expect(delivery.cursor).to.equal(3)
  })
})
