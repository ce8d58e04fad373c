import { expect } from 'chai'
import { FeedReader } from '../../../actors/feed-reader.ts'
import type { GroupCommand } from '../../../actors/group/contract.ts'
import { Delivery } from '../../../actors/user/delivery.ts'
import { FeedPump } from '../../../actors/user/feed-pump.ts'
import { Memberships } from '../../../actors/user/memberships.ts'
import type { LogEntry } from '../../../messaging/message-log.ts'
import { type GroupId, groupFeed } from '../../../protocol/ids.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { Alice, GroupActors } from '../../support/group-actor.ts'
import { until } from '../../support/until.ts'

describe('a pump of a group’s feed', () => {
  let world: GroupActors
  let alice: Alice
  let group: GroupId
  let memberships: Memberships
  let pumps: FeedPump[]

  before(async () => {
    world = await GroupActors.start()
    alice = new Alice(await world.process())
  })
  after(() => world.stop())

  beforeEach(async () => {
    group = await world.store.groups.nextId()
    await change({ do: 'create', name: 'friends', policy: 'invited', users: ['bob'] })
    pumps = []
    memberships = new Memberships('bob', world.log, entry => {
      for (const pump of pumps) pump.live(entry)
      memberships.observe(entry)
    })
    const rows = await world.store.users.load('bob')
    await memberships.restore(rows.memberships, rows.position)
  })
  afterEach(() => {
    memberships.stop()
    for (const pump of pumps) pump.stop()
  })

  const change = (command: GroupCommand) => alice.change(group, command)
  const say = (clientMsgId: string) => alice.say(group, 'b', clientMsgId)

  /** Bob's, who is sent what he is to see; `read` reads in its own time. */
  function pumpFor(
    sent: string[],
    cursor = 0,
    read?: FeedReader['read'],
    delivery = new Delivery(cursor, 100),
    skipped: (cursor: number) => void = () => {},
  ): FeedPump {
    const feed = groupFeed(group)
    const reader = new FeedReader(world.store.messages, world.log)
    const pump = new FeedPump({
      feed,
      delivery,
      reader: { read: read ?? ((...args) => reader.read(...args)) },
      audience: {
        send: ({ entry }) =>
          sent.push(
            entry.kind === 'group' ? entry.clientMsgId : entry.kind === 'notice' ? entry.change.event : '?',
          ),
        room: () => 100,
        takes: () => true,
        wants: stored => {
          memberships.observe(stored)
          return memberships.isVisible(feed, stored.seq)
        },
        skipped,
        end: () => memberships.end(feed),
      },
      logger: makeLogger('silent', 'test'),
    })
    pumps.push(pump)
    pump.resume()
    return pump
  }

  it('passes over nothing that lies behind the user’s leaving: the user may be in again, and not have been told yet', async () => {
    await say('before')
    await change({ do: 'remove', user: 'bob' })
    await say('between')
    await change({ do: 'add', users: ['bob'] })
    await say('after')
    const sent: string[] = []
    const pump = pumpFor(sent)
    await until(() => sent.includes('removed'), 'nothing is sent')
    await memberships.update(group, await world.store.groups.spans(group, 'bob'))
    pump.lookAgain()
    await until(() => sent.includes('after'), 'what followed is not sent')
    expect(sent).to.deep.equal(['created', 'before', 'removed', 'joined', 'after'])
  })

  it('leaves what comes live to be read when a feed goes on, after what was stored since the joining', async () => {
    await change({ do: 'remove', user: 'bob' })
    const sent: string[] = []
    const pump = pumpFor(sent)
    await until(() => sent.includes('removed'), 'nothing is sent')
    await change({ do: 'add', users: ['bob'] })
    await say('unheard')
    const update = memberships.update(group, await world.store.groups.spans(group, 'bob'))
    await say('live')
    await update
    pump.lookAgain()
    await until(() => sent.includes('live'), 'what followed is not sent')
    expect(sent).to.deep.equal(['created', 'removed', 'joined', 'unheard', 'live'])
  })

  it('ends where the user leaves, also when that is heard live', async () => {
    const sent: string[] = []
    const pump = pumpFor(sent)
    await until(() => sent.length > 0, 'nothing is sent')
    await say('heard')
    await change({ do: 'remove', user: 'bob' })
    await until(() => sent.includes('removed'), 'the end is not sent')
    await change({ do: 'add', users: ['bob'] })
    await say('not heard')
    const update = memberships.update(group, await world.store.groups.spans(group, 'bob'))
    await say('later on')
    await update
    pump.lookAgain()
    await until(() => sent.includes('later on'), 'what followed is not sent')
    expect(sent).to.deep.equal(['created', 'heard', 'removed', 'joined', 'not heard', 'later on'])
  })

  it('brings what lies before the leaving also to a user who was told of it before', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const reader = new FeedReader(world.store.messages, world.log)
    const slow: FeedReader['read'] = async (...args) => {
      const page = await reader.read(...args)
      await held
      return page
    }
    const sent: string[] = []
    const pump = pumpFor(sent, 0, slow)
    release()
    await until(() => sent.length > 0, 'nothing is sent')
    // The live copies of both do not come.
    pumps = []
    await say('last words')
    const left = await change({ do: 'remove', user: 'bob' })
    memberships.left(group, left)
    pump.lookAgain()
    await until(() => sent.includes('removed'), 'the end is not sent')
    expect(sent).to.deep.equal(['created', 'last words', 'removed'])
    pump.stop()
  })

  it('brings what lies before a leaving that another has heard of while a page was being read', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const reader = new FeedReader(world.store.messages, world.log)
    let reads = 0
    const slow: FeedReader['read'] = async (...args) => {
      const page = await reader.read(...args)
      if (++reads === 1) await held
      return page
    }
    const sent: string[] = []
    const pump = pumpFor(sent, 0, slow)
    await until(() => reads === 1, 'no page is read')
    // The live copies of both do not come.
    pumps = []
    await say('parting words')
    memberships.left(group, await change({ do: 'remove', user: 'bob' }))
    release()
    await until(() => sent.includes('removed'), 'the end is not sent')
    expect(sent).to.deep.equal(['created', 'parting words', 'removed'])
    pump.stop()
  })

  it('reads once more when a feed goes on while its last page is being read', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const reader = new FeedReader(world.store.messages, world.log)
    let page: readonly LogEntry[] | undefined
    const slow: FeedReader['read'] = async (...args) => {
      if (page) return reader.read(...args)
      page = await reader.read(...args)
      await held
      return page
    }
    await change({ do: 'remove', user: 'bob' })
    const sent: string[] = []
    const pump = pumpFor(sent, 0, slow)
    await until(() => page !== undefined, 'no page is read')
    await change({ do: 'add', users: ['bob'] })
    await say('later')
    await memberships.update(group, await world.store.groups.spans(group, 'bob'))
    pump.lookAgain()
    release()
    await until(() => sent.includes('later'), 'what followed is not sent')
    expect(sent).to.deep.equal(['created', 'removed', 'joined', 'later'])
  })

  it('tells how far it is where what comes next was acknowledged before', async () => {
    await say('known')
    const known = (await world.log.read(groupFeed(group), 0, 10)).at(-1)?.seq ?? 0
    const delivery = new Delivery(0, 100)
    delivery.acknowledgeEarly(known)
    const cursors: number[] = []
    pumpFor([], 0, undefined, delivery, cursor => cursors.push(cursor))
    await until(() => delivery.lastPushed === known, 'nothing is read')
    expect(cursors).to.deep.equal([known])
  })
})
