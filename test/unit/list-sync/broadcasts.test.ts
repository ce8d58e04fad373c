import { expect } from 'chai'
import type { ListClient } from '../../e2e/list-sync-client.ts'
import { ListGateways } from './support.ts'

describe('list sync when broadcasts fail', () => {
  let lists: ListGateways
  let client: ListClient

  beforeEach(async () => {
    lists = await ListGateways.start()
    client = await lists.subscribe(0)
  })
  afterEach(() => lists?.close())

  it('reads what a lost broadcast would have brought when the next one shows the gap', async () => {
    const patient = await ListGateways.start({ checkMs: 3_600_000 })
    const follower = await patient.subscribe(0)
    patient.bus.mode = 'lose'
    await patient.create('lost-1')
    await patient.create('lost-2')
    patient.bus.mode = 'deliver'
    await patient.create('heard')
    await follower.untilUpdates(3)
    expect(follower.updates.map(({ eventId }) => eventId)).to.deep.equal([1, 2, 3])
    expect(follower.initials).to.have.length(1)
    await patient.close()
  })

  it('reads what a lost one would have brought when nothing follows', async () => {
    lists.bus.mode = 'lose'
    await lists.create('lost')
    await client.untilUpdates(1)
    expect(client.violations).to.deep.equal([])
  })

  it('reads it when the next client asks', async () => {
    lists.bus.mode = 'lose'
    await lists.create('lost')
    const other = await lists.connect(0)
    expect(await other.request({ lastEventId: 0 })).to.deep.equal({ lastEventId: 1 })
    expect(other.updates).to.have.length(1)
    await client.untilUpdates(1)
  })

  it('passes broadcasts that overtook each other in the order of their ids', async () => {
    lists.bus.mode = 'hold'
    for (let n = 1; n <= 20; n++) await lists.create(`s${n}`)
    lists.bus.releaseReversed()
    await client.untilUpdates(20)
    expect(client.updates.map(({ eventId }) => eventId)).to.deep.equal(
      Array.from({ length: 20 }, (_, n) => n + 1),
    )
  })

  it('does not fail the change, nor keep it from clients', async () => {
    lists.bus.mode = 'throw'
    expect(await lists.create('unheard')).to.be.a('number')
    await client.untilUpdates(1)
  })

  it('gives everybody the list when more was missed than can be sent', async () => {
    const other = await lists.subscribe(0)
    lists.bus.mode = 'lose'
    for (let n = 1; n <= 501; n++) await lists.create(`s${n}`)
    await client.until(() => client.initials.length === 2, 'no second list')
    await other.until(() => other.initials.length === 2, 'no second list')
    expect(client.items.size).to.equal(501)
    lists.bus.mode = 'deliver'
    await lists.create('after')
    await client.untilUpdates(1)
    expect(client.violations).to.deep.equal([])
  })

  it('gives everybody the list when the database has been put back', async () => {
    for (let n = 1; n <= 5; n++) await lists.create(`s${n}`)
    await client.untilUpdates(5)
    await lists.database.run('delete from ws_events where id > 2')
    await lists.database.run('delete from websites where id > 2')
    await lists.database.run('update ws_topics set last_event_id = 2')
    await client.until(() => client.initials.length === 2, 'no second list')
    expect(client.list().map(({ website_id }) => website_id)).to.deep.equal([1, 2])
    await lists.create('after')
    await client.untilUpdates(6)
    expect(client.updates.at(-1)).to.include({ eventId: 3, type: 'add' })
  })

  it('gives everybody the list when events they need are gone from the table', async () => {
    lists.bus.mode = 'lose'
    for (let n = 1; n <= 5; n++) await lists.create(`s${n}`)
    await lists.database.run('delete from ws_events where id = 2')
    await client.until(() => client.initials.length === 2, 'no second list')
    expect(client.items.size).to.equal(5)
  })
})
