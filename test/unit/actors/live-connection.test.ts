import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { UserActor } from '../../../actors/user/user-actor.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import { repeatIdOf } from '../../../protocol/entries.ts'
import { directConversation } from '../../../protocol/ids.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { SqlLog } from '../../../storage/sql-log.ts'
import { SqlStore } from '../../../storage/sql-store.ts'
import { direct, newUser, ownership } from '../../contract/message-log.ts'
import { until } from '../../support/until.ts'
import { GATEWAY, OTHER_GATEWAY, UserActors } from '../../support/user-actors.ts'

describe('a connection to which nothing is resent', () => {
  const directory = mkdtempSync(join(tmpdir(), 'homing-live-'))
  let store: SqlStore
  let log: SqlLog
  let actors: UserActors
  const activate = (user: string) => actors.activate(user)

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
  beforeEach(() => {
    actors.pushed.length = 0
  })

  const bind = (actor: UserActor) => {
    const binding = { connId: 'c1', gatewayId: GATEWAY, sv: 0, device: 'd', outstanding: 0, resend: false }
    return actor.invoke('bind', binding)
  }
  const send = async (to: string, ...ids: string[]) => {
    const from = newUser()
    const fence = await ownership(log, from)
    await log.append(
      fence,
      ids.map(id => direct(from, to, id)),
    )
    return directConversation(from, to)
  }
  const entries = () =>
    actors.pushed.flatMap(event => (event.kind === 'entry' ? [repeatIdOf(event.entry)] : []))
  const summary = () =>
    until(() => actors.pushed.find(event => event.kind === 'summary')?.conversations, 'no summary came')

  it('gets the summary of what waits, then each message as it is stored, however many it has not acknowledged', async () => {
    const me = newUser()
    const conversation = await send(me, 'before')
    const actor = await activate(me)
    await bind(actor)
    const [row] = await summary()
    expect(row).to.include({ conversation, unread: 1, brief: 'body of before' })
    const ids = Array.from({ length: 500 }, (_, n) => `m${n}`)
    await send(me, ...ids)
    await until(() => entries().length === ids.length, 'not everything came')
    expect(entries()).to.deep.equal(ids)
    await actor.deactivate('shutdown')
    expect((await store.users.load(me)).delivered, 'no delivered cursor moves').to.deep.equal([])
  })

  it('gets the summary again from whoever takes over: what was stored in between, nobody pushed', async () => {
    const me = newUser()
    const first = await activate(me)
    await bind(first)
    await first.deactivate('shutdown')
    const conversation = await send(me, 'in between')
    const second = await activate(me)
    const [row] = await summary()
    expect(row).to.include({ conversation, unread: 1 })
    await send(me, 'after')
    await until(() => entries().length === 1, 'nothing came')
    expect(entries()).to.deep.equal(['after'])
    await second.deactivate('shutdown')
  })

  it('gets nothing, no summary either, once another has taken its place', async () => {
    const me = newUser()
    await send(me, 'before')
    const actor = await activate(me)
    const counting = Promise.withResolvers<void>()
    const count = store.messages.unread.bind(store.messages)
    store.messages.unread = async user => {
      await counting.promise
      return count(user)
    }
    await bind(actor)
    const other = { connId: 'c2', gatewayId: OTHER_GATEWAY, sv: 0, device: 'd', outstanding: 10 }
    await actor.invoke('bind', other)
    counting.resolve()
    await actor.invoke('offlineSummary', null)
    await send(me, 'late')
    await actor.invoke('offlineSummary', null)
    expect(actors.pushed).to.deep.equal([])
    await actor.deactivate('shutdown')
  })
})
