import { expect } from 'chai'
import { SqlStore } from '../../storage/sql-store.ts'
import { hasDatabase, TestDatabase } from '../support/database.ts'

const HOUR_SECONDS = 3600
const onDatabase = hasDatabase() ? describe : describe.skip

onDatabase('what may leave the log', function () {
  this.timeout(60_000)
  let server: TestDatabase
  let store: SqlStore
  before(async () => {
    server = await TestDatabase.start()
    store = await SqlStore.mysql(server.url('samples'))
    await store.migrate()
  })
  after(async () => {
    await store?.close()
    await server?.stop()
  })

  const age = (seconds: number) => server.execute('samples', `update purge_sample set at = at - ${seconds}`)

  it('is what has been saved for the retention, however often savers are started again', async () => {
    const due = (position: number) => store.purgeSamples('saver', HOUR_SECONDS * 1000).due(position)
    expect(await due(0)).to.equal(undefined)
    for (let position = 10; position <= 60; position += 10) {
      expect(await due(position), 'nothing is old').to.equal(undefined)
      expect(await due(position + 1), 'not noted so soon').to.equal(undefined)
      await age(HOUR_SECONDS / 6)
    }
    expect(await due(80)).to.equal(10)
    expect(await due(80), 'told once').to.equal(undefined)
    await age(HOUR_SECONDS / 6)
    expect(await due(80)).to.equal(20)
  })

  it('is an auditor’s own to know of events', async () => {
    const due = (position: number) => store.purgeSamples('auditor', 0).due(position)
    expect(await due(5)).to.equal(undefined)
    expect(await due(5)).to.equal(5)
    expect(await due(5)).to.equal(undefined)
  })

  it('is known from few samples, however often the position moves', async () => {
    const samples = store.purgeSamples('saver', HOUR_SECONDS * 1000)
    for (let position = 1000; position < 1400; position++) {
      await samples.due(position)
      await age(HOUR_SECONDS / 300)
    }
    const [row] = await server.query<{ n: number }>('samples', 'select count(*) as n from purge_sample')
    expect(Number(row?.n)).to.be.within(50, 62)
  })
})
