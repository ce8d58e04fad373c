import { expect } from 'chai'
import fc from 'fast-check'
import { TopicFeed } from '../../../gateway/list-sync/topic-feed.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import type { Outbox, TopicEvent } from '../../../storage/topics/topic-store.ts'

const logger = makeLogger('silent', 'test')

/** A table of events whose reads take a turn of the event loop, so that broadcasts come in between. */
class EventTable implements Outbox {
  readonly events: TopicEvent[] = []

  append(): TopicEvent {
    const event = { id: this.events.length + 1, type: 'add', data: {} } as const
    this.events.push(event)
    return event
  }

  async head() {
    const lastEventId = this.events.length
    await turn()
    return { lastEventId, floor: 0 }
  }

  async read(_topic: string, after: number, limit: number) {
    const events = this.events.slice(Math.max(after, 0), Math.max(after, 0) + limit)
    await turn()
    return events
  }

  trim(): Promise<number> {
    return Promise.resolve(0)
  }

  onCommitted(): void {}
}

const turn = () => new Promise<void>(resolve => setImmediate(resolve))

describe('a topic’s feed', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('commit' as const), broadcast: fc.boolean() }),
    fc.record({ do: fc.constant('broadcast again' as const), back: fc.nat(6) }),
    fc.record({ do: fc.constant('catch up' as const) }),
    fc.record({ do: fc.constant('turn' as const) }),
  )

  it('lets others of the process have their turn while it passes many', async () => {
    const table = new EventTable()
    let turns = 0
    let counting = true
    const passed: number[] = []
    const listener = {
      passed: ({ id }: TopicEvent) => {
        passed.push(id)
        const end = performance.now() + 5
        while (performance.now() < end);
      },
      restarted: () => expect.fail('nothing was lost'),
    }
    const bus = new MemoryBus()
    const feed = new TopicFeed('t', table, bus, listener, logger)
    await feed.catchUp()
    const counted = (async () => {
      for (; counting; turns++) await turn()
    })()
    bus.publish('sync.t', { events: Array.from({ length: 40 }, () => table.append()) })
    expect(passed.length).to.be.within(1, 10)
    await feed.catchUp()
    counting = false
    await counted
    expect(turns).to.be.greaterThan(5)
    expect(passed).to.deep.equal(Array.from({ length: 40 }, (_, n) => n + 1))
    await feed.close()
  })

  it('passes each event once and in order, whatever is lost, repeated or late', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(20), fc.array(step, { maxLength: 60 }), async (before, steps) => {
        const table = new EventTable()
        for (let n = 0; n < before; n++) table.append()
        const bus = new MemoryBus()
        const passed: number[] = []
        const listener = {
          passed: ({ id }: TopicEvent) => passed.push(id),
          restarted: () => expect.fail('nothing was lost for good'),
        }
        const feed = new TopicFeed('t', table, bus, listener, logger)
        const first = feed.catchUp()
        for (const each of steps) {
          if (each.do === 'commit') {
            const event = table.append()
            if (each.broadcast) bus.publish('sync.t', { events: [event] })
          } else if (each.do === 'broadcast again') {
            const event = table.events.at(-1 - each.back)
            if (event) bus.publish('sync.t', { events: [event] })
          } else if (each.do === 'catch up') void feed.catchUp()
          else await turn()
        }
        await first
        await feed.catchUp()
        expect(feed.position).to.equal(table.events.length)
        const start = table.events.length - passed.length
        expect(passed).to.deep.equal(passed.map((_, n) => start + n + 1))
        expect(feed.since(0)?.map(({ id }) => id)).to.deep.equal(table.events.map(({ id }) => id))
        await feed.close()
      }),
      { numRuns: 300 },
    )
  })
})
