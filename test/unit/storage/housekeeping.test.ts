import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { makeLogger } from '../../../runtime/logger.ts'
import { Housekeeping } from '../../../storage/housekeeping.ts'
import { SqlStore } from '../../../storage/sql-store.ts'
import { auditEvent } from '../../contract/audit.ts'
import { until } from '../../support/until.ts'

const DAY_MS = 86_400_000
const logger = makeLogger('silent', 'test')

describe('housekeeping', () => {
  const directory = mkdtempSync(join(tmpdir(), 'homing-housekeeping-'))
  let store: SqlStore
  before(async () => {
    store = await SqlStore.sqlite(join(directory, 'homing.db'))
    await store.migrate()
  })
  after(async () => {
    await store.close()
    rmSync(directory, { recursive: true })
  })

  const kept = async () => (await store.audit.list({ before: 0, limit: 5000 })).length

  it('deletes refresh tokens and audit events whose time is over, however many, again and again', async () => {
    const now = Date.now()
    const add = async () => {
      const days = Array.from({ length: 1201 }, (_, n) => (n === 0 ? 1 : 3))
      await store.audit.add(days.map(age => auditEvent('alice', { at: now - age * DAY_MS })))
      const token = { userId: 1, family: 'f', sessionVersion: 1 }
      await store.accounts.addRefreshToken({ ...token, hash: `${Math.random()}`, expiresAt: now - 1 })
    }
    await add()
    await store.accounts.addRefreshToken({
      hash: 'good',
      userId: 1,
      family: 'f',
      sessionVersion: 1,
      expiresAt: now + DAY_MS,
    })
    const housekeeping = new Housekeeping({ store, auditRetentionMs: 2 * DAY_MS, logger, intervalMs: 10 })
    housekeeping.start()
    await until(async () => (await kept()) === 1, 'not deleted')
    await add()
    await until(async () => (await kept()) === 2, 'not deleted again')
    await housekeeping.stop()
    expect(await store.accounts.forgetRefreshTokens(now, 10), 'nothing expired is left').to.equal(0)
    expect(await store.accounts.useRefreshToken('good', now)).to.include({ outcome: 'used' })
  })

  it('keeps audit events for ever where it is told to', async () => {
    await store.audit.add([auditEvent('old', { at: 1 })])
    const rounds = Promise.withResolvers<void>()
    let calls = 0
    const accounts = Object.create(store.accounts, {
      forgetRefreshTokens: {
        value: async () => {
          if (++calls === 3) rounds.resolve()
          return 0
        },
      },
    })
    const housekeeping = new Housekeeping({
      store: { accounts, audit: store.audit },
      auditRetentionMs: 0,
      logger,
      intervalMs: 1,
    })
    housekeeping.start()
    await rounds.promise
    await housekeeping.stop()
    expect(await store.audit.list({ user: 'old', before: 0, limit: 1 })).to.have.length(1)
  })
})
