import { expect } from 'chai'
import { AuditOutbox } from '../../../messaging/audit-outbox.ts'
import type { AuditEvent } from '../../../protocol/audit.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { until } from '../../support/until.ts'

const logger = makeLogger('silent', 'test')

const event = (id: string): AuditEvent => ({ kind: 'event', id, event: 'bound', user: 'u', by: 'u', at: 1 })

/** Where events are kept, which may be away or never answer. */
class Kept {
  readonly ids: string[] = []
  writes = 0
  away = false
  answer: Promise<void> = Promise.resolve()

  write = async (events: readonly AuditEvent[]): Promise<void> => {
    this.writes++
    await this.answer
    if (this.away) throw new Error('away')
    this.ids.push(...events.map(({ id }) => id))
  }
}

describe('audit events of a process', () => {
  it('are written behind, in order, those of one tick together', async () => {
    const kept = new Kept()
    const outbox = new AuditOutbox({ write: kept.write, limit: 1000, logger })
    const ids = Array.from({ length: 250 }, (_, n) => `e${n}`)
    for (const id of ids) outbox.record(event(id))
    expect(kept.writes, 'nobody waits for a write').to.equal(0)
    await until(async () => kept.ids.length === ids.length, 'not written')
    expect(kept.ids).to.deep.equal(ids)
    expect(kept.writes).to.equal(3)
    outbox.record(event('later'))
    await outbox.close()
    expect(kept.ids.at(-1)).to.equal('later')
    expect(outbox.lost).to.equal(0)
  })

  it('wait while they cannot be written, up to the limit; more are lost, and counted', async () => {
    const kept = new Kept()
    kept.away = true
    const outbox = new AuditOutbox({ write: kept.write, limit: 3, logger })
    for (let n = 0; n < 5; n++) outbox.record(event(`e${n}`))
    expect(outbox.lost).to.equal(2)
    await until(async () => kept.writes > 1, 'not repeated')
    kept.away = false
    await until(async () => kept.ids.length === 3, 'not written')
    expect(kept.ids).to.deep.equal(['e0', 'e1', 'e2'])
    outbox.record(event('room again'))
    await outbox.close()
    expect(kept.ids.at(-1)).to.equal('room again')
  })

  it('are given up by an orderly stop that takes too long', async () => {
    const kept = new Kept()
    kept.away = true
    const outbox = new AuditOutbox({ write: kept.write, limit: 10, logger, closeMs: 20 })
    outbox.record(event('a'))
    await outbox.close()
    expect([kept.ids, outbox.lost]).to.deep.equal([[], 1])
    outbox.record(event('b'))
    expect(outbox.lost).to.equal(2)
  })
})
