import { expect } from 'chai'
import { AuditOutbox } from '../../messaging/audit-outbox.ts'
import { LogBusy } from '../../messaging/message-log.ts'
import { NatsEventReader } from '../../messaging/nats-event-reader.ts'
import type { AuditEvent } from '../../protocol/audit.ts'
import { makeLogger } from '../../runtime/logger.ts'
import { eventually } from '../support/eventually.ts'
import { everything, type LogProcess, NatsLogs } from '../support/nats-log.ts'
import { auditEvent } from './audit.ts'
import { direct, newUser, ownership } from './message-log.ts'

describe('audit events in the log (NATS)', function () {
  this.timeout(30_000)
  let logs: NatsLogs
  let host: LogProcess
  let reader: NatsEventReader
  let start: number

  before(async function () {
    logs = await NatsLogs.start(this, 1)
  })
  beforeEach(async () => {
    host = await logs.open()
    reader = new NatsEventReader(host.connection)
    start = (await host.reader.lastSeq()) + 1
  })
  afterEach(() => logs?.closeAll())
  after(() => logs?.stop())

  const eventsFrom = async (from: number) =>
    (await reader.events(from, 1000)).map(({ payload }) => JSON.parse(Buffer.from(payload).toString()))
  const events = (count: number): AuditEvent[] =>
    Array.from({ length: count }, (_, n) => auditEvent('alice', { detail: { n } }))

  it('are stored once, however often they are told', async () => {
    const told = events(5)
    await host.log.writeEvents(told.slice(0, 3))
    await host.log.writeEvents(told)
    const kept = await eventsFrom(start)
    expect(kept).to.have.deep.members(told)
    expect(await reader.events(start + 1, 2)).to.have.length(2)
    expect(await reader.events(start + 5, 2)).to.deep.equal([])
  })

  it('are passed over by savers, leave messages alone, and stay when these are purged', async () => {
    const fence = await ownership(host.log, newUser())
    await host.log.writeEvents(events(1))
    const from = fence.owner.replace(/^owner\./, '')
    await host.log.append(fence, [direct(from, newUser(), 'm')])
    const records = (await everything(host)).filter(({ seq }) => seq >= start)
    expect(records.map(({ kind }) => kind)).to.deep.equal(['claim', 'event', 'entry'])
    await host.reader.purgeSaved(start + 2)
    expect(await reader.events(start, 10)).to.have.length(1)
    await reader.purgeEvents(start + 1)
    expect(await reader.events(start, 10)).to.deep.equal([])
    expect((await host.log.lastClaim(fence.owner))?.epoch).to.equal(fence.epoch)
  })

  it('wait where too much is unsaved: they take no message’s place', async () => {
    const gated = await logs.open({ unsavedLimit: 1 })
    const { epoch } = await ownership(gated.log, newUser())
    expect(await gated.log.writeEvents(events(1)).catch(error => error)).to.be.instanceOf(LogBusy)
    const outbox = new AuditOutbox({
      write: gated.log.writeEvents,
      limit: 10,
      logger: makeLogger('silent', 'test'),
    })
    const [event] = events(1)
    if (event) outbox.record(event)
    gated.watermark.advance(epoch)
    await eventually(async () => expect(await eventsFrom(start)).to.deep.equal([event]))
    await outbox.close()
  })

  it('are not written to a log that has gone back: their seqs have been given before', async () => {
    await host.log.flush()
    host.watermark.advance(start + 1000)
    const [event] = events(1)
    expect(event && (await host.log.writeEvents([event]).catch(error => error))).to.be.instanceOf(LogBusy)
    expect(await host.log.writeEvents(events(1)).catch(error => error)).to.be.instanceOf(LogBusy)
    expect((await eventsFrom(start)).length, 'the second was not tried').to.equal(1)
  })

  it('are written once the servers are back', async () => {
    const outbox = new AuditOutbox({
      write: host.log.writeEvents,
      limit: 1000,
      logger: makeLogger('silent', 'test'),
    })
    const told = events(250)
    const [server] = logs.servers.nodes
    await server?.pause()
    for (const event of told) outbox.record(event)
    server?.resume()
    await eventually(async () => expect(await eventsFrom(start)).to.have.length(250), 20_000)
    await outbox.close()
    expect(outbox.lost).to.equal(0)
  })
})
