import { expect } from 'chai'
import type { Entry } from '../../../protocol/entries.ts'
import { type GroupId, groupFeed, type UserId } from '../../../protocol/ids.ts'
import type { UserRows } from '../../../storage/store.ts'
import { newUser } from '../../contract/message-log.ts'
import { Alice, GroupActors } from '../../support/group-actor.ts'
import { until } from '../../support/until.ts'
import { GATEWAY, UserActors } from '../../support/user-actors.ts'
import { withOthers } from '../../support/with-others.ts'

const DEVICE = 'd'

describe('a user’s actor that begins while what took the user out of a group is not saved', () => {
  let world: GroupActors
  let alice: Alice
  let users: UserActors
  /** The saver is behind: what the tables say of the user. */
  let rows: UserRows

  before(async () => {
    world = await GroupActors.start()
    alice = new Alice(await world.process())
    const { log, bus } = world
    const behind = withOthers(world.store.users, { load: async () => rows })
    users = new UserActors({ log, bus, store: withOthers(world.store, { users: behind }) })
  })
  after(async () => {
    await users.close()
    await world.stop()
  })

  const create = async (user: UserId): Promise<GroupId> => {
    const group = await world.store.groups.nextId()
    await alice.change(group, { do: 'create', name: 'friends', policy: 'invited', users: [user] })
    return group
  }
  const bodyOf = (entry: Entry) => (entry.kind === 'group' ? [entry.body] : [])
  const pushed = () => users.pushed.flatMap(event => (event.kind === 'entry' ? bodyOf(event.entry) : []))

  for (const resend of [true, false]) {
    const whom = resend
      ? 'a device that has come further than the saver'
      : 'one that is only told of what comes'
    it(`gives ${whom} nothing of what follows`, async () => {
      const bob = newUser()
      users.pushed.length = 0
      // In this order the user has come in, and so they are pushed.
      const left = await create(bob)
      const kept = await create(bob)
      rows = await world.store.users.load(bob)
      const seq = await alice.change(left, { do: 'remove', user: bob })
      // Hosts write cursors while the saver does not get on.
      rows = { ...rows, delivered: [{ device: DEVICE, feed: groupFeed(left), seq }] }
      if (resend) await alice.say(left, 'for others')
      const actor = await users.activate(bob)
      await actor.invoke('bind', {
        connId: newUser(),
        gatewayId: GATEWAY,
        sv: 0,
        device: DEVICE,
        outstanding: 10,
        resend,
      })
      await alice.say(left, 'for others again')
      await alice.say(kept, 'for bob too')
      await until(() => pushed().includes('for bob too'), 'what is for the user does not come')
      expect(pushed()).to.deep.equal(['for bob too'])
      await actor.deactivate('shutdown')
    })
  }
})
