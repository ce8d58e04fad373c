import { expect } from 'chai'
import { delay } from '../../../runtime/backoff.ts'
import type { Snapshot, TopicSource } from '../../../storage/topics/topic-store.ts'
import { ListGateways } from './support.ts'

describe('catching up with a list', () => {
  let lists: ListGateways
  afterEach(() => lists?.close())

  it('misses nothing and repeats nothing while changes go on and clients come, ask again and go', async function () {
    this.timeout(30_000)
    lists = await ListGateways.start()
    const clients = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        lists.connect(n % 2, { follow: true, transports: [n % 4 < 2 ? 'websocket' : 'polling'] }),
      ),
    )
    for (let n = 0; n < 200; n++) {
      const id = await lists.create(`s${n}`)
      if (n % 3 === 0) await lists.topics.websites.update(id, { status: 'inactive' })
      if (n % 2 === 0) await lists.topics.websites.delete([id])
      const client = clients[n % clients.length]
      if (n % 10 === 0) client?.cut()
      else if (n % 10 === 5) client?.socket.emit('request:websites')
      // A turn of the event loop, for the sockets.
      await new Promise(resolve => setImmediate(resolve))
    }
    const { lastEventId } = await lists.topics.outbox.head('websites')
    const { items } = await lists.topics.websites.snapshot()
    for (const client of clients) {
      await client.until(() => client.lastEventId === lastEventId, `not at ${lastEventId}`)
      expect(client.list()).to.deep.equal(items)
      expect(client.violations).to.deep.equal([])
    }
  })

  describe('while the list is being read', () => {
    const held = Promise.withResolvers<void>()
    const read = Promise.withResolvers<void>()
    let holding = false

    beforeEach(async () => {
      lists = await ListGateways.start({
        sources: async (_database, { websites }) => [
          withSnapshot(websites.topic, async () => {
            const snapshot = await websites.snapshot()
            if (!holding) return snapshot
            read.resolve()
            await held.promise
            return snapshot
          }),
        ],
      })
    })

    it('what happens is sent after it, and to others at once', async () => {
      const others = await lists.subscribe(0)
      const asked = await lists.subscribe(0)
      await lists.create('before')
      await asked.untilUpdates(1)
      holding = true
      const answer = asked.request()
      await read.promise
      await lists.create('meanwhile')
      await others.untilUpdates(2)
      await others.request({ lastEventId: 2 })
      expect(asked.updates).to.have.length(1)
      held.resolve()
      expect(await answer).to.deep.equal({ lastEventId: 2 })
      expect(asked.initials.at(-1)).to.include({ lastEventId: 1, total: 1 })
      expect(asked.updates.map(({ eventId }) => eventId)).to.deep.equal([1, 2])
      expect(asked.violations).to.deep.equal([])
    })
  })

  it('gives the list to who is at an id that is no longer retained, and updates from the first that is', async () => {
    lists = await ListGateways.start()
    for (let n = 1; n <= 10; n++) await lists.create(`s${n}`)
    const limits = { maxEvents: 4, maxAgeMs: 60_000 }
    expect(await lists.topics.outbox.trim('websites', limits, 100)).to.equal(6)
    for (const gateway of [0, 1]) {
      const older = await lists.connect(gateway)
      await older.request({ lastEventId: 5 })
      expect(older.initials).to.have.length(1)
      const oldest = await lists.connect(gateway)
      await oldest.request({ lastEventId: 6 })
      expect(oldest.updates.map(({ eventId }) => eventId)).to.deep.equal([7, 8, 9, 10])
      expect(oldest.initials).to.deep.equal([])
    }
  })

  it('knows of trimming also what it has kept itself', async () => {
    lists = await ListGateways.start()
    const client = await lists.subscribe(0)
    for (let n = 1; n <= 10; n++) await lists.create(`s${n}`)
    await client.untilUpdates(10)
    await lists.topics.outbox.trim('websites', { maxEvents: 1, maxAgeMs: 60_000 }, 100)
    await client.request({ lastEventId: 3 })
    expect(client.initials).to.have.length(2)
    await client.request({ lastEventId: 10 })
    expect(client.initials).to.have.length(2)
  })

  it('reads the list once for all who ask during a reading', async () => {
    let reads = 0
    lists = await ListGateways.start({
      sources: async (_database, { websites }) => [
        withSnapshot(websites.topic, async () => {
          reads++
          await delay(50)
          return websites.snapshot()
        }),
      ],
    })
    await lists.create('one')
    const clients = await Promise.all(Array.from({ length: 50 }, () => lists.connect(0)))
    await Promise.all(clients.map(client => client.request()))
    for (const client of clients) expect(client.initials).to.have.length(1)
    expect(reads).to.be.below(10)
  })

  it('ends the connection when the list cannot be read, and the client comes back for it', async () => {
    let failures = 1
    lists = await ListGateways.start({
      sources: async (_database, { websites }) => [
        withSnapshot(websites.topic, async () => {
          if (failures-- > 0) throw new Error('the database is away')
          return await websites.snapshot()
        }),
      ],
    })
    const client = await lists.connect(0, { follow: true })
    await client.until(() => client.initials.length === 1, 'no list')
    expect(client.greetings).to.equal(2)
    expect(client.ended).to.not.equal('io server disconnect')
  })
})

const withSnapshot = (topic: string, snapshot: () => Promise<Snapshot>): TopicSource => ({ topic, snapshot })
