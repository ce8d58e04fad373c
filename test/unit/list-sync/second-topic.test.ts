import { expect } from 'chai'
import type { Database } from '../../../storage/database.ts'
import type { SqlOutbox } from '../../../storage/topics/sql-outbox.ts'
import type { Snapshot, TopicSource } from '../../../storage/topics/topic-store.ts'
import { ListGateways } from './support.ts'

/** A list of notes: everything a topic has to bring. */
class Notes implements TopicSource {
  readonly topic = 'notes'
  readonly #database: Database
  readonly #outbox: SqlOutbox

  constructor(database: Database, outbox: SqlOutbox) {
    this.#database = database
    this.#outbox = outbox
  }

  async add(text: string): Promise<void> {
    await this.#outbox.change(this.topic, async ({ within, record }) => {
      await this.#database.run('insert into note (body) values (?)', [text], within)
      record('add', { text })
    })
  }

  snapshot(): Promise<Snapshot> {
    return this.#outbox.snapshot(this.topic, within =>
      this.#database.rows<object>('select body as text from note order by rowid', [], within),
    )
  }
}

describe('a second topic', () => {
  let lists: ListGateways
  let notes: Notes

  beforeEach(async () => {
    lists = await ListGateways.start({
      sources: async (database, topics) => {
        await database.run('create table note (body text)')
        notes = new Notes(database, topics.outbox)
        return [topics.websites, notes]
      },
    })
  })
  afterEach(() => lists?.close())

  it('has its list, its updates and its ids, and the first knows nothing of it', async () => {
    await notes.add('one')
    const client = await lists.subscribe(1)
    const told: unknown[] = []
    client.socket.on('notes:initial', list => told.push(list))
    client.socket.on('notes:update', update => told.push(update))
    const ask = client.socket.timeout(5000)
    expect(await ask.emitWithAck('request:notes')).to.deep.equal({ lastEventId: 1 })
    await notes.add('two')
    await lists.create('site')
    await client.untilUpdates(1)
    expect(await ask.emitWithAck('request:notes', { lastEventId: 2 })).to.deep.equal({ lastEventId: 2 })
    expect(told).to.deep.equal([
      { items: [{ text: 'one' }], total: 1, version: 1, lastEventId: 1 },
      { eventId: 2, type: 'add', data: { text: 'two' } },
    ])
    expect(client.updates.map(({ eventId }) => eventId)).to.deep.equal([1])
  })

  it('is not sent to who has not asked for it', async () => {
    const client = await lists.subscribe(0)
    const told: unknown[] = []
    client.socket.on('notes:update', update => told.push(update))
    await notes.add('one')
    await lists.create('site')
    await client.untilUpdates(1)
    expect(told).to.deep.equal([])
  })
})
