import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Push, PushTarget } from '../../../actors/pushes.ts'
import { Attachment, type AttachmentParts } from '../../../actors/user/attachment.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import type { LogEntry } from '../../../messaging/message-log.ts'
import { subjects } from '../../../messaging/subjects.ts'
import { directFeed } from '../../../protocol/ids.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { SqlLog } from '../../../storage/sql-log.ts'
import { SqlStore } from '../../../storage/sql-store.ts'
import { direct, newUser, ownership } from '../../contract/message-log.ts'
import { until } from '../../support/until.ts'
import { GATEWAY, UserActors } from '../../support/user-actors.ts'

describe('a connection of the route', () => {
  const bus = new MemoryBus()
  const directory = mkdtempSync(join(tmpdir(), 'homing-attachment-'))
  let store: SqlStore
  let log: SqlLog
  let actors: UserActors
  beforeEach(async () => {
    const path = join(directory, `${newUser()}.db`)
    store = await SqlStore.sqlite(path)
    await store.migrate()
    log = new SqlLog(path, bus, makeLogger('silent', 'test'))
    actors = new UserActors({ log, store, bus })
  })
  afterEach(async () => {
    await actors.close()
    await log.close()
    await store.close()
    await bus.close()
  })
  after(() => rmSync(directory, { recursive: true, force: true }))

  it('that waits for its gateway has nothing taken for pushed, also when a feed is looked at again', async () => {
    const feed = directFeed('bob')
    const { entry } = direct('alice', 'bob', 'm1')
    const stored: LogEntry = { seq: 7, feed, entry }
    const pushed: number[] = []
    const parts = {
      hostId: 'host-1',
      pushes: { push: (_gateway: string, [, , n]: PushTarget) => pushed.push(n) },
      reader: { read: async (_feed: string, after: number) => (after < stored.seq ? [stored] : []) },
      logger: makeLogger('silent', 'test'),
      began: () => {},
      confirmed: () => {},
    } as unknown as AttachmentParts
    const binding = { connId: 'c1', gatewayId: GATEWAY, sv: 0, device: 'd', outstanding: 10 }
    const attachment = new Attachment(binding, 1, false, parts)
    const all = { wants: () => true, skipped: () => {}, end: () => Number.POSITIVE_INFINITY }
    attachment.addFeed(feed, 0, all)
    attachment.pump(feed)?.lookAgain()
    await new Promise(resolve => setImmediate(resolve))
    expect(attachment.pump(feed)?.delivery.lastPushed).to.equal(0)
    attachment.confirm()
    await until(() => pushed.length > 0, 'nothing is pushed')
    expect(pushed).to.deep.equal([1])
    attachment.stop()
  })

  it('is pushed to under the same numbers when another is bound: what was lost before is found missing', async () => {
    const targets: PushTarget[] = []
    bus.subscribe(subjects.push(GATEWAY), ({ value }) => {
      for (const { to } of value as readonly Push[])
        targets.push(...to.filter(([connId]) => connId === 'phone'))
    })
    const me = newUser()
    const actor = await actors.activate(me)
    const bind = (connId: string) =>
      actor.invoke('bind', {
        connId,
        gatewayId: GATEWAY,
        sv: 0,
        device: connId,
        outstanding: 10,
        policy: { keep: 'one-per-device' },
      })
    const from = newUser()
    const fence = await ownership(log, from)
    await bind('phone')
    await log.append(fence, [direct(from, me, 'm1')])
    await until(() => targets.length === 1, 'the first message does not come')
    await bind('desk')
    await log.append(fence, [direct(from, me, 'm2')])
    await until(() => targets.length === 2, 'the second message does not come')
    const [first, second] = targets
    expect(second).to.deep.equal(['phone', first?.[1], 2])
    await actor.deactivate('shutdown')
  })

  it('is pushed what follows when its client acknowledges up to what the owner before has pushed', async () => {
    // They are written behind, and a crash comes first.
    store.users.saveCursors = async () => undefined
    const me = newUser()
    const from = newUser()
    const fence = await ownership(log, from)
    const messages = ['m1', 'm2', 'm3', 'm4', 'm5'].map(id => direct(from, me, id))
    const seqs = (await log.append(fence, messages)).map(({ seq }) => seq)
    const pushed = () => actors.pushed.flatMap(event => (event.kind === 'entry' ? event.seq : []))
    const ref = { connId: 'phone', sv: 0, device: 'd' }
    const upTo = (seq: number | undefined) => ({ ...ref, ops: [{ op: 'delivered', seq, upTo: true }] })
    const before = await actors.activate(me)
    await before.invoke('bind', { ...ref, gatewayId: GATEWAY, outstanding: 2 })
    await until(() => pushed().length === 2, 'the first messages do not come')
    await before.invoke('handle', upTo(seqs[1]))
    await until(() => pushed().length === 4, 'what follows does not come')
    const actor = await actors.activate(me)
    await until(() => pushed().length === 6, 'the new owner does not push')
    await actor.invoke('handle', upTo(seqs[3]))
    await until(() => pushed().length === 7, 'the new owner does not go on')
    await actor.invoke('handle', upTo(seqs[3]))
    await until(() => pushed().includes(seqs[4] ?? 0), 'nothing follows any more')
    expect(pushed().slice(4)).to.deep.equal([...seqs.slice(0, 3), seqs[4]])
    await actor.deactivate('shutdown')
  })
})
