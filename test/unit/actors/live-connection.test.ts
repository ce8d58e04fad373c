import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { CursorWriter } from '../../../actors/cursor-writer.ts'
import { FeedReader } from '../../../actors/feed-reader.ts'
import { GatewayWatch } from '../../../actors/gateway-watch.ts'
import { Kicks } from '../../../actors/kicks.ts'
import { PresenceWatch } from '../../../actors/presence-watch.ts'
import { type Push, Pushes } from '../../../actors/pushes.ts'
import { type AttachRequest, RouteConfirmations } from '../../../actors/route-confirmations.ts'
import { UserActor } from '../../../actors/user/user-actor.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import { subjects } from '../../../messaging/subjects.ts'
import { repeatIdOf } from '../../../protocol/entries.ts'
import type { PushEvent } from '../../../protocol/events.ts'
import { directConversation } from '../../../protocol/ids.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { SqlLog } from '../../../storage/sql-log.ts'
import { SqlStore } from '../../../storage/sql-store.ts'
import { direct, newUser, ownership } from '../../contract/message-log.ts'
import { until } from '../../support/until.ts'

const GATEWAY = 'gateway-1'

describe('a connection to which nothing is resent', () => {
  const logger = makeLogger('silent', 'test')
  const directory = mkdtempSync(join(tmpdir(), 'homing-live-'))
  const bus = new MemoryBus()
  const pushed: PushEvent[] = []
  let store: SqlStore
  let log: SqlLog
  let close: () => Promise<void>
  let activate: (user: string) => Promise<UserActor>

  before(async () => {
    const path = join(directory, 'homing.db')
    store = await SqlStore.sqlite(path)
    await store.migrate()
    log = new SqlLog(path, bus, logger)
    bus.subscribe(subjects.push(GATEWAY), ({ value }) => {
      for (const { event } of value as readonly Push[]) if (event.kind !== 'presence-only') pushed.push(event)
    })
    bus.subscribe(subjects.attach(GATEWAY), ({ value, respond }) =>
      respond?.({ present: (value as AttachRequest).connections.map(({ connId }) => connId) }),
    )
    const cursors = new CursorWriter(store.users, 60_000, logger)
    const watch = new PresenceWatch(bus, { checkMs: 30_000, graceMs: 5000 })
    const [kicks, gateways] = [new Kicks(bus, logger), new GatewayWatch(bus, 'host-1', logger)]
    const parts = {
      hostId: 'host-1',
      log,
      store,
      bus,
      calls: { call: () => Promise.reject(new Error('no other actors')) },
      reader: new FeedReader(store.messages, log),
      cursors,
      pushes: new Pushes(bus),
      kicks,
      gateways,
      audit: { record: () => undefined },
      routes: new RouteConfirmations(bus),
      logger,
      route: { policy: { keep: 'newest' as const, count: 1 }, maxDevices: 10 },
      windowSize: 10,
      presence: { watch, graceMs: 5000, intervalMs: 1000, maxPartners: 10 },
    }
    activate = async user => {
      const actor = new UserActor({ id: user, drop: () => undefined }, parts)
      await actor.activate()
      return actor
    }
    close = async () => {
      kicks.close()
      watch.close()
      await gateways.close()
      await cursors.close()
    }
  })
  after(async () => {
    await close()
    await log.close()
    await store.close()
    rmSync(directory, { recursive: true, force: true })
  })
  beforeEach(() => {
    pushed.length = 0
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
  const entries = () => pushed.flatMap(event => (event.kind === 'entry' ? [repeatIdOf(event.entry)] : []))
  const summary = () =>
    until(() => pushed.find(event => event.kind === 'summary')?.conversations, 'no summary came')

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
    const other = { connId: 'c2', gatewayId: 'gateway-2', sv: 0, device: 'd', outstanding: 10 }
    await actor.invoke('bind', other)
    counting.resolve()
    await actor.invoke('offlineSummary', null)
    await send(me, 'late')
    await actor.invoke('offlineSummary', null)
    expect(pushed).to.deep.equal([])
    await actor.deactivate('shutdown')
  })
})
