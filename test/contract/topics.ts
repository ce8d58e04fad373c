import { expect } from 'chai'
import type { Database } from '../../storage/database.ts'
import { SqlOutbox } from '../../storage/topics/sql-outbox.ts'
import { SqlTopics } from '../../storage/topics/sql-topics.ts'
import type { TopicEvent, WebsiteFields } from '../../storage/topics/topic-store.ts'
import { TopicsFailed } from '../../storage/topics/topics-failed.ts'

/** Migrated and empty; one for each process that the kind of database lets write. */
export interface TopicsHarness {
  readonly databases: readonly Database[]
  close(): Promise<void>
}

export const website = (domain: string, fields: Partial<WebsiteFields> = {}): WebsiteFields => ({
  primary_domain: domain,
  cname: `${domain}.cdn.example.net`,
  line_group: 'default',
  https_enabled: false,
  status: 'active',
  ...fields,
})

const WEEK = { maxEvents: 1_000_000, maxAgeMs: 7 * 86_400_000 }

/** What every database keeps of the topics' promises. */
export function topicsContract(name: string, make: () => Promise<TopicsHarness>): void {
  describe(`topics in ${name}`, () => {
    let harness: TopicsHarness
    let database: Database
    let topics: SqlTopics

    beforeEach(async () => {
      harness = await make()
      database = harness.databases[0] ?? expect.fail('no database')
      topics = new SqlTopics(database)
    })
    afterEach(() => harness?.close())

    const all = () => topics.outbox.read('websites', 0, 100_000)
    const create = async (fields: WebsiteFields) => {
      const created = await topics.websites.create(fields)
      return created.ok ? created.id : expect.fail('taken')
    }

    describe('changes and their events', () => {
      it('an addition, an update and a deletion are one event each, with gapless ids', async () => {
        const id = await create(website('a.example'))
        await topics.websites.update(id, { status: 'inactive', https_enabled: true })
        await topics.websites.delete([id])
        const item = { website_id: id, ...website('a.example') }
        expect(await all()).to.deep.equal([
          { id: 1, type: 'add', data: item },
          { id: 2, type: 'update', data: { ...item, status: 'inactive', https_enabled: true } },
          { id: 3, type: 'delete', data: { website_id: id } },
        ])
        expect(await topics.outbox.head('websites')).to.deep.equal({ lastEventId: 3, floor: 0 })
      })

      it('a deletion of several is one event for each that was there', async () => {
        const ids = [await create(website('a.example')), await create(website('b.example'))]
        expect(await topics.websites.delete([...ids, 999_999])).to.equal(2)
        expect((await all()).slice(2)).to.deep.equal(
          ids.map((website_id, n) => ({ id: n + 3, type: 'delete', data: { website_id } })),
        )
        expect(await topics.websites.delete(ids)).to.equal(0)
      })

      it('what is refused makes neither a change nor an event', async () => {
        const a = await create(website('a.example'))
        const b = await create(website('b.example'))
        expect(await topics.websites.create(website('a.example'))).to.deep.equal({
          ok: false,
          reason: 'taken',
        })
        const renamed = await topics.websites.update(b, { primary_domain: 'a.example' })
        expect(renamed).to.deep.equal({ ok: false, reason: 'taken' })
        const unknown = await topics.websites.update(b + 100, { status: 'inactive' })
        expect(unknown).to.deep.equal({ ok: false, reason: 'unknown' })
        expect(await topics.websites.update(a, { primary_domain: 'a.example' })).to.deep.equal({ ok: true })
        expect((await all()).map(({ type }) => type)).to.deep.equal(['add', 'add', 'update'])
      })

      it('a change that fails half-way leaves nothing, and the next event takes its id', async () => {
        const failure = await topics.outbox
          .change('websites', async ({ within, record }) => {
            const sql = `insert into websites (primary_domain, cname, line_group, https_enabled, status)
              values ('half.example', '', '', 0, 'active')`
            await database.run(sql, [], within)
            record('add', { half: true })
            throw new Error('half-way')
          })
          .catch(error => error)
        expect(failure).to.be.instanceOf(TopicsFailed)
        expect(await topics.websites.page(1, 10)).to.deep.equal({ total: 0, items: [] })
        await create(website('a.example'))
        expect((await all()).map(({ id }) => id)).to.deep.equal([1])
      })

      it('an event that cannot be stored takes its change with it', async () => {
        const failure = await topics.outbox
          .change('websites', async ({ record }) => record('replace' as 'update', {}))
          .catch(error => error)
        expect(failure).to.be.instanceOf(TopicsFailed)
        expect(await topics.outbox.head('websites')).to.deep.equal({ lastEventId: 0, floor: 0 })
      })

      it('texts come back as they were, whatever is in them', async () => {
        const line_group = `'"\\ ? ?? returning 😀 线路 -- \u2028`
        await create(website('a.example', { line_group }))
        expect((await all())[0]?.data).to.include({ line_group })
        expect((await topics.websites.page(1, 1)).items[0]).to.include({ line_group })
      })

      it('is told to listeners once it is committed, and not when it is not', async () => {
        const told: [string, readonly TopicEvent[]][] = []
        topics.outbox.onCommitted((topic, events) => told.push([topic, events]))
        await create(website('a.example'))
        await topics.websites.create(website('a.example'))
        expect(told).to.deep.equal([['websites', await all()]])
      })

      it('ids of deleted websites are never given again', async () => {
        const first = await create(website('a.example'))
        await topics.websites.delete([first])
        expect(await create(website('a.example'))).to.be.greaterThan(first)
      })
    })

    describe('the table', () => {
      it('keeps topic, id, type, payload and the UTC time of each event', async () => {
        await create(website('a.example'))
        const [row] = await database.rows<Record<string, unknown>>('select * from ws_events')
        expect(row).to.include({ topic: 'websites', id: 1, event_type: 'add' })
        const age = Date.now() - Date.parse(`${String(row?.created_at).replace(' ', 'T')}Z`)
        expect(age).to.be.within(-1000, 60_000)
      })

      it('is read by topic and id along an index', async () => {
        const explained = await database.rows<Record<string, unknown>>(
          `explain ${name === 'SQLite' ? 'query plan ' : ''}
           select id from ws_events where topic = 'websites' and id > 5 order by id limit 500`,
        )
        expect(JSON.stringify(explained)).to.match(/PRIMARY/)
      })

      it('refuses types that are none, and payloads that are no JSON', async () => {
        const insert = (type: string, payload: string) =>
          database
            .run(
              `insert into ws_events values ('websites', 1, '${type}', '${payload}', '2026-01-01 00:00:00')`,
            )
            .then(
              () => 'stored',
              () => 'refused',
            )
        expect(await insert('replace', '{}')).to.equal('refused')
        expect(await insert('add', '{')).to.equal('refused')
        expect(await insert('add', '{}')).to.equal('stored')
      })

      it('keeps topics apart', async () => {
        const other = new SqlOutbox(database)
        await create(website('a.example'))
        await other.change('other', async ({ record }) => record('add', { n: 1 }))
        await create(website('b.example'))
        expect(await other.read('other', 0, 10)).to.deep.equal([{ id: 1, type: 'add', data: { n: 1 } }])
        expect((await all()).map(({ id }) => id)).to.deep.equal([1, 2])
      })
    })

    describe('reading', () => {
      it('gives what comes after an id, in order, up to a limit', async () => {
        for (let n = 1; n <= 5; n++) await create(website(`s${n}.example`))
        const ids = async (after: number, limit: number) =>
          (await topics.outbox.read('websites', after, limit)).map(({ id }) => id)
        expect(await ids(2, 10)).to.deep.equal([3, 4, 5])
        expect(await ids(0, 2)).to.deep.equal([1, 2])
        expect(await ids(5, 10)).to.deep.equal([])
      })

      it('pages through the websites in the order of ids', async () => {
        for (let n = 1; n <= 5; n++) await create(website(`s${n}.example`))
        const { total, items } = await topics.websites.page(2, 2)
        expect(total).to.equal(5)
        expect(items.map(item => item.primary_domain)).to.deep.equal(['s3.example', 's4.example'])
        expect(await topics.websites.find(items[0]?.website_id ?? 0)).to.deep.equal(items[0])
        expect(await topics.websites.find(999_999)).to.equal(undefined)
      })

      it('an empty topic has an empty snapshot at 0', async () => {
        expect(await topics.websites.snapshot()).to.deep.equal({ items: [], lastEventId: 0 })
      })
    })

    describe('with writers at work', function () {
      this.timeout(60_000)
      const EACH = 60

      /** Four writers that add, change and delete; in as many processes' connections as there are. */
      const write = () =>
        Promise.all(
          [0, 1, 2, 3].map(async writer => {
            const { websites } = new SqlTopics(
              harness.databases[writer % harness.databases.length] ?? database,
            )
            for (let n = 0; n < EACH; n += 3) {
              const created = await websites.create(website(`w${writer}-${n}.example`))
              if (!created.ok) throw new Error('taken')
              await websites.update(created.id, { status: 'inactive' })
              if (n % 2 === 0) await websites.delete([created.id])
              else await websites.update(created.id, { https_enabled: true })
            }
          }),
        )

      it('a reader that follows the ids sees each one, in order, and never an earlier one later', async () => {
        let writing = true
        const done = write().finally(() => {
          writing = false
        })
        const { outbox } = new SqlTopics(harness.databases.at(-1) ?? database)
        const seen: number[] = []
        while (writing || seen.length < 4 * EACH) {
          const events = await outbox.read('websites', seen.at(-1) ?? 0, 100)
          seen.push(...events.map(({ id }) => id))
          if (!writing && events.length === 0) break
        }
        await done
        expect(seen).to.deep.equal(Array.from({ length: 4 * EACH }, (_, n) => n + 1))
      })

      it('a snapshot is the list as its lastEventId left it', async () => {
        let writing = true
        const done = write().finally(() => {
          writing = false
        })
        const { websites } = new SqlTopics(harness.databases.at(-1) ?? database)
        const snapshots = []
        while (writing) snapshots.push(await websites.snapshot())
        await done
        const events = await all()
        for (const { items, lastEventId } of snapshots) {
          expect(items, `as of ${lastEventId}`).to.deep.equal(fold(events.slice(0, lastEventId)))
        }
        expect(new Set(snapshots.map(({ lastEventId }) => lastEventId)).size).to.be.greaterThan(3)
      })
    })

    describe('retention', () => {
      beforeEach(async () => {
        for (let n = 1; n <= 10; n++) await create(website(`s${n}.example`))
      })

      it('keeps everything that is young and not too much', async () => {
        expect(await topics.outbox.trim('websites', WEEK, 1000)).to.equal(0)
        expect(await topics.outbox.head('websites')).to.deep.equal({ lastEventId: 10, floor: 0 })
      })

      it('deletes the oldest beyond the number, and remembers up to where', async () => {
        expect(await topics.outbox.trim('websites', { ...WEEK, maxEvents: 4 }, 1000)).to.equal(6)
        expect(await topics.outbox.head('websites')).to.deep.equal({ lastEventId: 10, floor: 6 })
        expect((await all()).map(({ id }) => id)).to.deep.equal([7, 8, 9, 10])
      })

      it('deletes what is too old, also when that is all', async () => {
        await database.run("update ws_events set created_at = '2020-01-01 00:00:00.000' where id <= 3")
        expect(await topics.outbox.trim('websites', WEEK, 1000)).to.equal(3)
        await database.run("update ws_events set created_at = '2020-01-01 00:00:00.000'")
        expect(await topics.outbox.trim('websites', WEEK, 1000)).to.equal(7)
        expect(await topics.outbox.head('websites')).to.deep.equal({ lastEventId: 10, floor: 10 })
        await create(website('later.example'))
        expect((await all()).map(({ id }) => id)).to.deep.equal([11])
      })

      it('goes in batches, and twice at once deletes no more than once', async () => {
        const limits = { ...WEEK, maxEvents: 1 }
        const others = harness.databases.map(each => new SqlTopics(each).outbox)
        const trimmed = await Promise.all(others.map(outbox => outbox.trim('websites', limits, 3)))
        for (let more = 1; more > 0; trimmed.push(more))
          more = await topics.outbox.trim('websites', limits, 3)
        expect(Math.max(...trimmed)).to.equal(3)
        expect(trimmed.reduce((sum, n) => sum + n, 0)).to.equal(9)
        expect(await topics.outbox.head('websites')).to.deep.equal({ lastEventId: 10, floor: 9 })
      })
    })
  })
}

/** The list that events make, in the order of ids. */
export function fold(events: readonly TopicEvent[]): object[] {
  const items = new Map<number, object>()
  for (const { type, data } of events) {
    const { website_id } = data as { website_id: number }
    if (type === 'delete') items.delete(website_id)
    else items.set(website_id, data)
  }
  return [...items].sort(([a], [b]) => a - b).map(([, item]) => item)
}
