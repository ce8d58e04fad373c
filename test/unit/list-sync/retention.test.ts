import { expect } from 'chai'
import { OutboxRetention } from '../../../gateway/list-sync/retention.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import type { Retention } from '../../../storage/topics/topic-store.ts'

describe('retention', () => {
  it('keeps 7 days and a million events, and trims batch after batch until nothing is over', async () => {
    const asked: [string, Retention, number][] = []
    const left = [1000, 1000, 17]
    const done = Promise.withResolvers<void>()
    const outbox = {
      trim: async (topic: string, limits: Retention, limit: number) => {
        asked.push([topic, limits, limit])
        if (asked.length === 4) done.resolve()
        return left.shift() ?? 0
      },
    }
    const topics = { outbox, sources: [{ topic: 'a' }, { topic: 'b' }] }
    const retention = new OutboxRetention(topics as never, makeLogger('silent', 'test'), 5)
    await done.promise
    await retention.close()
    expect(asked.slice(0, 4).map(([topic]) => topic)).to.deep.equal(['a', 'a', 'a', 'b'])
    expect(asked[0]).to.deep.equal(['a', { maxEvents: 1_000_000, maxAgeMs: 604_800_000 }, 1000])
  })

  it('goes on after a failure', async () => {
    let calls = 0
    const done = Promise.withResolvers<void>()
    const outbox = {
      trim: async () => {
        if (++calls === 1) throw new Error('the database is away')
        done.resolve()
        return 0
      },
    }
    const topics = { outbox, sources: [{ topic: 'a' }] }
    const retention = new OutboxRetention(topics as never, makeLogger('silent', 'test'), 5)
    await done.promise
    await retention.close()
  })
})
