import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { UserActor } from '../../../actors/user/user-actor.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import { userOwner } from '../../../protocol/ids.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { SqlLog } from '../../../storage/sql-log.ts'
import { SqlStore } from '../../../storage/sql-store.ts'
import { newUser } from '../../contract/message-log.ts'
import { until } from '../../support/until.ts'
import { GATEWAY, UserActors } from '../../support/user-actors.ts'

describe('a bind that is repeated, because its answer was late', () => {
  const directory = mkdtempSync(join(tmpdir(), 'homing-bind-'))
  let store: SqlStore
  let log: SqlLog
  let actors: UserActors

  before(async () => {
    const path = join(directory, 'homing.db')
    store = await SqlStore.sqlite(path)
    await store.migrate()
    const bus = new MemoryBus()
    log = new SqlLog(path, bus, makeLogger('silent', 'test'))
    actors = new UserActors({ log, store, bus })
  })
  after(async () => {
    await actors.close()
    await log.close()
    await store.close()
    rmSync(directory, { recursive: true, force: true })
  })

  const bind = (actor: UserActor, connId: string) =>
    actor.invoke('bind', { connId, gatewayId: GATEWAY, sv: 0, device: 'd', outstanding: 10 })
  const touch = (actor: UserActor, connId: string) => actor.invoke('touch', { connId, sv: 0 })

  it('answers as before while the connection is the user’s', async () => {
    const actor = await actors.activate(newUser())
    expect(await bind(actor, 'c1')).to.include({ ok: true })
    expect(await bind(actor, 'c1')).to.include({ ok: true })
    expect(actors.kicked).to.deep.equal([])
    await actor.deactivate('shutdown')
  })

  it('does not put out the login that has taken its place', async () => {
    const actor = await actors.activate(newUser())
    await bind(actor, 'older')
    await bind(actor, 'newer')
    expect(await bind(actor, 'older')).to.deep.equal({ ok: false, reason: 'kicked' })
    expect(await touch(actor, 'newer')).to.include({ ok: true })
    await until(() => actors.kicked.includes('older'), 'the older one is not kicked')
    expect(actors.kicked).not.to.include('newer')
    await actor.deactivate('shutdown')
  })

  it('puts out nobody when it comes for the first time and its own connection is gone', async () => {
    const actor = await actors.activate(newUser())
    await bind(actor, 'newer')
    actors.closed.add('older')
    expect(await bind(actor, 'older')).to.deep.equal({ ok: false, reason: 'unbound' })
    expect(await touch(actor, 'newer')).to.include({ ok: true })
    expect(actors.kicked).not.to.include('newer')
    await actor.deactivate('shutdown')
  })

  it('does not put it out at the next owner either', async () => {
    const user = newUser()
    const first = await actors.activate(user)
    await bind(first, 'older')
    await bind(first, 'newer')
    await first.deactivate('moved')
    const second = await actors.activate(user)
    expect(await bind(second, 'older')).to.deep.equal({ ok: false, reason: 'kicked' })
    expect(await touch(second, 'newer')).to.include({ ok: true })
    await second.deactivate('shutdown')
  })

  it('is known of the last ones that were put out: claims stay small', async () => {
    const user = newUser()
    const actor = await actors.activate(user)
    for (let n = 0; n <= 20; n++) await bind(actor, `c${n}`)
    const { evicted } = (await log.lastClaim(userOwner(user)))?.body as { evicted: readonly string[] }
    expect(evicted).to.deep.equal(['c12', 'c13', 'c14', 'c15', 'c16', 'c17', 'c18', 'c19'])
    await actor.deactivate('shutdown')
  })
})
