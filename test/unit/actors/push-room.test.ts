import { expect } from 'chai'
import fc from 'fast-check'
import { Pushes } from '../../../actors/pushes.ts'
import { PushRoom } from '../../../actors/user/push-room.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import type { LogEntry } from '../../../messaging/message-log.ts'
import { subjects } from '../../../messaging/subjects.ts'
import { eventOf } from '../../../protocol/events.ts'
import { eventually } from '../../support/eventually.ts'

const LARGE = 1024
const BOUND = 524_288

const message = (seq: number, characters: number): LogEntry => ({
  seq,
  feed: 'direct.bob',
  entry: {
    kind: 'direct',
    from: 'alice',
    to: 'bob',
    clientMsgId: `m${seq}`,
    body: 'x'.repeat(characters),
    msgType: 'TEXT',
    ts: 0,
  },
})

describe('the room of a connection', () => {
  it('is there for any number of messages that are not large', () => {
    const room = new PushRoom(LARGE)
    for (let seq = 1; seq <= 5000; seq++) {
      expect(room.takes(message(seq, LARGE))).to.equal(true)
      room.pushed(message(seq, LARGE))
    }
    expect(room.room).to.equal(Number.POSITIVE_INFINITY)
  })

  it('lets a message that is larger than all of it go alone, and the next when it has left', () => {
    const room = new PushRoom(LARGE)
    room.pushed(message(1, 2 * BOUND))
    expect([room.room, room.takes(message(2, LARGE + 1)), room.takes(message(2, 10))]).to.deep.equal([
      0,
      false,
      true,
    ])
    room.taken(1)
    expect([room.room, room.takes(message(2, 2 * BOUND))]).to.deep.equal([1, true])
  })

  it('is never more than taken up, and all of it comes back', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 600_000 }), { maxLength: 40 })
    fc.assert(
      fc.property(sizes, all => {
        const room = new PushRoom(LARGE)
        const underWay: number[] = []
        for (const [index, size] of all.entries()) {
          const entry = message(index + 1, size)
          while (!room.takes(entry)) {
            const [oldest] = underWay.splice(0, 1)
            if (oldest === undefined) throw new Error('stuck with nothing under way')
            room.taken(oldest)
            room.taken(oldest)
          }
          room.pushed(entry)
          if (size > LARGE) underWay.push(entry.seq)
          const bytes = underWay.reduce((sum, seq) => sum + (all[seq - 1] ?? 0), 0)
          expect(underWay.length <= 1 || bytes <= BOUND).to.equal(true)
        }
        for (const seq of underWay) room.taken(seq)
        expect(room.room).to.be.above(0)
      }),
    )
  })

  it('knows nothing of large messages where the terms do not', () => {
    const room = new PushRoom(undefined)
    for (let seq = 1; seq <= 10; seq++) room.pushed(message(seq, BOUND))
    expect(room.takes(message(11, BOUND))).to.equal(true)
  })
})

describe('pushes to one gateway', () => {
  it('go as one value, and as several in their order where texts are large', async () => {
    const bus = new MemoryBus()
    const values: { event: { seq: number } }[][] = []
    bus.subscribe(subjects.push('g1'), ({ value }) => values.push(value as (typeof values)[number]))
    const pushes = new Pushes(bus)
    const push = (seq: number, characters: number) =>
      pushes.push('g1', ['c1', 1, seq], eventOf(message(seq, characters)))
    for (let seq = 1; seq <= 50; seq++) push(seq, 100)
    await eventually(() => expect(values).to.have.length(1))
    for (let seq = 51; seq <= 56; seq++) push(seq, 200_000)
    await eventually(() => expect(values.flat()).to.have.length(56))
    expect(values.map(value => value.length)).to.deep.equal([50, 2, 2, 2])
    expect(values.flat().map(({ event }) => event.seq)).to.deep.equal(
      Array.from({ length: 56 }, (_, n) => n + 1),
    )
  })
})
