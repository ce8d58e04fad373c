import { expect } from 'chai'
import type { GroupCommand } from '../../../actors/group/contract.ts'
import type { UserActor } from '../../../actors/user/user-actor.ts'
import type { Bus, BusHandler } from '../../../messaging/bus.ts'
import type { LogEntry, MessageLog } from '../../../messaging/message-log.ts'
import { subjects } from '../../../messaging/subjects.ts'
import type { Entry } from '../../../protocol/entries.ts'
import { type Feed, type GroupId, groupFeed, type UserId } from '../../../protocol/ids.ts'
import { delay } from '../../../runtime/backoff.ts'
import { newUser } from '../../contract/message-log.ts'
import { Alice, GroupActors } from '../../support/group-actor.ts'
import { until } from '../../support/until.ts'
import { GATEWAY, UserActors } from '../../support/user-actors.ts'
import { withOthers } from '../../support/with-others.ts'

const DEVICE = 'd'

describe('a user’s actor that hears late that the user has come into a group', () => {
  let world: GroupActors
  let alice: Alice
  let group: GroupId
  let bob: UserId
  let users: UserActors

  before(async () => {
    world = await GroupActors.start()
    alice = new Alice(await world.process())
  })
  after(() => world.stop())
  beforeEach(async () => {
    group = await world.store.groups.nextId()
    bob = newUser()
  })
  afterEach(() => users.close())

  const change = (command: GroupCommand) => alice.change(group, command)
  const create = (...members: UserId[]) =>
    change({ do: 'create', name: 'friends', policy: 'invited', users: members })
  const say = (body: string) => alice.say(group, body)
  const bind = (actor: UserActor) =>
    actor.invoke('bind', { connId: newUser(), gatewayId: GATEWAY, sv: 0, device: DEVICE, outstanding: 10 })
  const bodyOf = (entry: Entry) => (entry.kind === 'group' ? [entry.body] : [])
  const pushed = () => users.pushed.flatMap(event => (event.kind === 'entry' ? bodyOf(event.entry) : []))

  it('gives a connection bound meanwhile what is stored before the feed is followed', async () => {
    const flushing = Promise.withResolvers<void>()
    const looking = Promise.withResolvers<void>()
    let flushes = 0
    let begun = false
    // As on NATS: a follower hears what is stored after a flush has found where to begin.
    const log: MessageLog = withOthers(world.log, {
      follow: (name: Feed, handler: (entry: LogEntry) => void) =>
        world.log.follow(name, entry => {
          if (name !== groupFeed(group) || begun) handler(entry)
        }),
      flush: async () => {
        if (++flushes > 1) {
          await flushing.promise
          begun = true
        }
        await world.log.flush()
      },
      read: async (feed: Feed, after: number, limit: number) => {
        const entries = await world.log.read(feed, after, limit)
        // Whether the user has been taken out again is read in pages larger than those for a connection.
        if (begun && limit > 100) await looking.promise
        return entries
      },
    })
    users = new UserActors({ log, bus: world.bus, store: world.store })
    await create()
    const actor = await users.activate(bob)
    await change({ do: 'add', users: [bob] })
    await until(() => flushes > 1, 'the joining is not heard of')
    await bind(actor)
    // Time for it to be read to its end, where it is read already.
    await delay(100)
    await say('one')
    await say('two')
    flushing.resolve()
    await until(() => begun, 'the feed is not followed')
    await say('three')
    await delay(50)
    looking.resolve()
    await until(() => pushed().includes('three'), 'what is for the user does not come')
    await actor.deactivate('shutdown')
    expect(pushed()).to.deep.equal(['one', 'two', 'three'])
  })

  it('gives what was said during an earlier stay that it has not heard of either', async () => {
    let isDeaf = false
    let unheard = 0
    const ofBob = subjects.actorEvent('user', bob)
    const bus: Bus = withOthers<Bus>(world.bus, {
      subscribe: (subject: string, handler: BusHandler) =>
        world.bus.subscribe(subject, message => {
          if (isDeaf && subject === ofBob) {
            unheard++
            message.respond?.({})
          } else handler(message)
        }),
    })
    users = new UserActors({ log: world.log, bus, store: world.store })
    await create(bob)
    const seq = await change({ do: 'remove', user: bob })
    const delivered = [{ user: bob, device: DEVICE, feed: groupFeed(group), seq }]
    await world.store.users.saveCursors({ delivered, read: [] })
    const actor = await users.activate(bob)
    await bind(actor)
    isDeaf = true
    await change({ do: 'add', users: [bob] })
    await say('one')
    await change({ do: 'remove', user: bob })
    await say('for others')
    await until(() => unheard === 2, 'nobody tells of the changes')
    isDeaf = false
    await change({ do: 'add', users: [bob] })
    await say('two')
    await until(() => pushed().includes('two'), 'what is for the user does not come')
    await actor.deactivate('shutdown')
    expect(pushed()).to.deep.equal(['one', 'two'])
  })
})
