import { expect } from 'chai'
import { Stream, type StreamCounts } from '../../../tools/load/stream.ts'

const RECEIVER = 1

/** A stream of `count` messages on the wire, due at 0, 10, 20, … */
function sentStream(count: number, receivers: readonly number[] = [RECEIVER]): Stream {
  const stream = new Stream(receivers)
  for (let n = 0; n < count; n++) stream.sent(stream.offer(n * 10, true))
  return stream
}

/** Message n goes all its way, under seq n + 100. */
function complete(stream: Stream, n: number): void {
  stream.accepted(n, n + 100)
  stream.saved(n, n + 100)
  stream.received(RECEIVER, n, n + 100)
}

const broken = ({ lost, unsaved, duplicated, reordered, contradicted }: StreamCounts) => ({
  lost,
  unsaved,
  duplicated,
  reordered,
  contradicted,
})
const nothing = { lost: 0, unsaved: 0, duplicated: 0, reordered: 0, contradicted: 0 }

describe('a stream of messages', () => {
  it('finds nothing wrong where nothing is', () => {
    const stream = sentStream(5)
    for (let n = 0; n < 5; n++) complete(stream, n)
    const counts = stream.counts()
    expect(broken(counts)).to.deep.equal(nothing)
    expect(counts).to.include({ offered: 5, sent: 5, accepted: 5, saved: 5, received: 5, unanswered: 0 })
    expect(stream.unsettled).to.equal(0)
  })

  it('finds an acknowledged message that never came', () => {
    const stream = sentStream(3)
    complete(stream, 0)
    complete(stream, 2)
    stream.accepted(1, 101)
    stream.saved(1, 101)
    expect(broken(stream.counts())).to.deep.equal({ ...nothing, lost: 1 })
    expect(stream.unsettled).to.equal(1)
  })

  it('does not call a message lost that nobody promised', () => {
    const stream = sentStream(2)
    stream.refused(0)
    expect(broken(stream.counts())).to.deep.equal(nothing)
    expect(stream.counts()).to.include({ refused: 1, unanswered: 1 })
    expect(stream.unsettled).to.equal(1)
  })

  it('finds an accepted message that was never saved', () => {
    const stream = sentStream(1)
    stream.accepted(0, 100)
    stream.received(RECEIVER, 0, 100)
    expect(broken(stream.counts())).to.deep.equal({ ...nothing, unsaved: 1 })
  })

  it('expects no answer for a sender who is gone', () => {
    const stream = sentStream(1)
    stream.accepted(0, 100)
    stream.received(RECEIVER, 0, 100)
    stream.abandon()
    expect(broken(stream.counts())).to.deep.equal(nothing)
  })

  it('finds a message that came twice', () => {
    const stream = sentStream(1)
    complete(stream, 0)
    expect(stream.received(RECEIVER, 0, 100)).to.equal(undefined)
    expect(broken(stream.counts())).to.deep.equal({ ...nothing, duplicated: 1 })
  })

  it('finds a message stored under two seqs', () => {
    const stream = sentStream(2)
    complete(stream, 0)
    stream.received(RECEIVER, 0, 177)
    stream.accepted(1, 178)
    stream.received(RECEIVER, 1, 179)
    expect(stream.counts().contradicted).to.equal(2)
  })

  it('finds a message that came after its successor', () => {
    const stream = sentStream(3)
    complete(stream, 0)
    complete(stream, 2)
    complete(stream, 1)
    expect(broken(stream.counts())).to.deep.equal({ ...nothing, reordered: 1 })
  })

  it('lets a refused message come when it comes, under a seq of then', () => {
    const stream = sentStream(4)
    stream.refused(0)
    stream.refused(2)
    stream.received(RECEIVER, 1, 101)
    stream.received(RECEIVER, 0, 102)
    stream.received(RECEIVER, 3, 103)
    stream.received(RECEIVER, 2, 100)
    expect(broken(stream.counts())).to.deep.equal({ ...nothing, reordered: 1 })
  })

  it('finds a message whose seq is below that of one before it', () => {
    const stream = sentStream(2)
    stream.received(RECEIVER, 0, 200)
    stream.received(RECEIVER, 1, 199)
    expect(stream.counts().reordered).to.equal(1)
  })

  it('expects a message at every receiver that is still there', () => {
    const stream = sentStream(1, [1, 2, 3])
    stream.saved(0, 100)
    stream.received(1, 0, 100)
    expect(stream.counts()).to.include({ received: 1, lost: 2 })
    stream.leave(3)
    expect(stream.counts().lost).to.equal(1)
    expect(stream.unsettled).to.equal(1)
    stream.received(2, 0, 100)
    expect(stream.counts().lost).to.equal(0)
    expect(stream.unsettled).to.equal(0)
  })

  it('times each step once, from when the message was due, and not while warming up', () => {
    const stream = new Stream([RECEIVER])
    stream.sent(stream.offer(40, true))
    stream.sent(stream.offer(50, false))
    expect([stream.accepted(0, 1), stream.accepted(0, 1)]).to.deep.equal([40, undefined])
    expect([stream.saved(0, 1), stream.saved(0, 1)]).to.deep.equal([40, undefined])
    expect([stream.received(RECEIVER, 0, 1), stream.received(RECEIVER, 0, 1)]).to.deep.equal([40, undefined])
    expect([stream.accepted(1, 2), stream.saved(1, 2), stream.received(RECEIVER, 1, 2)]).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('knows what to repeat on a new connection', () => {
    const stream = sentStream(3)
    stream.offer(30, true)
    stream.accepted(0, 100)
    stream.refused(2)
    expect(stream.unanswered()).to.deep.equal([1, 3])
  })
})
