import { expect } from 'chai'
import { HeldPushes } from '../../../gateway/connection/held-pushes.ts'
import { PushInbox } from '../../../gateway/connection/push-inbox.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import { Watermark } from '../../../messaging/watermark.ts'
import type { PushEvent } from '../../../protocol/events.ts'

describe('a connection’s pushes', () => {
  const message = (seq: number): PushEvent => ({
    kind: 'entry',
    seq,
    entry: {
      kind: 'direct',
      from: 'a',
      to: 'b',
      clientMsgId: String(seq),
      body: 'x',
      msgType: 'TEXT',
      ts: 0,
    },
  })
  const receipt: PushEvent = { kind: 'receipt', status: 'delivered', seqs: [1], from: 'b' }

  function makeInbox(deliverBeforeSaved: boolean) {
    const watermark = new Watermark(new MemoryBus())
    const written: PushEvent[] = []
    const inbox = new PushInbox(new HeldPushes(watermark), deliverBeforeSaved, event => written.push(event))
    return { watermark, inbox, written }
  }

  it('go out at once where they need not be saved', () => {
    const { inbox, written } = makeInbox(true)
    inbox.take(1, 1, message(5))
    expect(written).to.deep.equal([message(5)])
  })

  it('wait for the watermark where they have to be saved, each and in order', () => {
    const { watermark, inbox, written } = makeInbox(false)
    watermark.advance(4)
    inbox.take(1, 1, message(4))
    inbox.take(1, 2, message(5))
    inbox.take(1, 3, receipt)
    inbox.take(1, 4, message(6))
    expect(written).to.deep.equal([message(4)])
    watermark.advance(5)
    expect(written).to.deep.equal([message(4), message(5), receipt])
    inbox.take(1, 5, message(7))
    watermark.advance(7)
    expect(written).to.deep.equal([message(4), message(5), receipt, message(6), message(7)])
    inbox.take(1, 6, message(8))
    watermark.advance(8)
    expect(written.at(-1)).to.deep.equal(message(8))
  })

  it('go nowhere once the connection is closed', () => {
    const { watermark, inbox, written } = makeInbox(false)
    inbox.take(1, 1, message(1))
    inbox.close()
    watermark.advance(1)
    expect(written).to.deep.equal([])
  })
})
