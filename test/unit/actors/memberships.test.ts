import { expect } from 'chai'
import type { GroupCommand } from '../../../actors/group/contract.ts'
import { MembershipWatch } from '../../../actors/membership-watch.ts'
import { Memberships } from '../../../actors/user/memberships.ts'
import type { BusState } from '../../../messaging/bus.ts'
import { type GroupId, groupFeed } from '../../../protocol/ids.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import type { UserMembership } from '../../../storage/group-store.ts'
import { Alice, GroupActors } from '../../support/group-actor.ts'
import { until } from '../../support/until.ts'
import { withOthers } from '../../support/with-others.ts'

describe('what a user’s actor knows of the user’s memberships', () => {
  let world: GroupActors
  let alice: Alice
  let group: GroupId

  before(async () => {
    world = await GroupActors.start()
    alice = new Alice(await world.process())
  })
  after(() => world.stop())
  beforeEach(async () => {
    group = await world.store.groups.nextId()
    await change({ do: 'create', name: 'friends', policy: 'invited', users: ['bob'] })
  })

  const change = (command: GroupCommand) => alice.change(group, command)
  const restore = async (memberships: Memberships) => {
    const rows = await world.store.users.load('bob')
    await memberships.restore(rows.memberships, rows.position)
  }
  const spansOfBob = () => world.store.groups.spans(group, 'bob')

  it('is right when the user is told of a joining before the leaving that it follows has been heard of', async () => {
    const late = withOthers(world.log, { follow: () => ({ stop: () => {} }) })
    const memberships = new Memberships('bob', late, () => {})
    await restore(memberships)
    const left = await change({ do: 'remove', user: 'bob' })
    const joined = await change({ do: 'add', users: ['bob'] })
    expect(memberships.knows(group, joined)).to.equal(false)
    expect(await memberships.update(group, await spansOfBob()), 'it is news').to.equal(true)
    const feed = groupFeed(group)
    const visible = [left, left + 0.5, joined].map(seq => memberships.isVisible(feed, seq))
    expect(visible).to.deep.equal([true, false, true])
    expect(memberships.left(group, left), 'what is heard late is known').to.equal(false)
    expect(memberships.isMember(group)).to.equal(true)
    memberships.stop()
  })

  it('has a joining for news until it is known that nothing after it is missed', async () => {
    let failures = 1
    const failing = withOthers(world.log, {
      flush: () => (failures-- > 0 ? Promise.reject(new Error('not now')) : world.log.flush()),
    })
    const memberships = new Memberships('bob', failing, () => {})
    const [{ from: joined } = { from: 0 }] = await spansOfBob()
    const attempt = async () => memberships.update(group, await spansOfBob())
    const error = await attempt().catch((error: Error) => error.message)
    expect(error).to.equal('not now')
    expect(memberships.knows(group, joined)).to.equal(false)
    expect([await attempt(), await attempt()]).to.deep.equal([true, false])
    expect(memberships.knows(group, joined)).to.equal(true)
    memberships.stop()
  })

  it('is right when the user was taken out again before the joining was heard of', async () => {
    const memberships = new Memberships('bob', world.log, () => {})
    const savedByThen = await spansOfBob()
    const left = await change({ do: 'remove', user: 'bob' })
    const later = await change({ do: 'rename', name: 'others' })
    expect(await memberships.update(group, savedByThen), 'what lies between is news').to.equal(true)
    expect(memberships.isMember(group)).to.equal(false)
    const visible = [left, later].map(seq => memberships.isVisible(groupFeed(group), seq))
    expect(visible).to.deep.equal([true, false])
    memberships.stop()
  })

  it('has the first leaving after a joining for its end, in whatever order they are heard of', async () => {
    const memberships = new Memberships('bob', world.log, () => {})
    const savedByThen = await spansOfBob()
    const left = await change({ do: 'remove', user: 'bob' })
    const joined = await change({ do: 'add', users: ['bob'] })
    const again = await change({ do: 'remove', user: 'bob' })
    await memberships.update(group, savedByThen)
    const feed = groupFeed(group)
    const heardLate = new Memberships('bob', withOthers(world.log, { read: async () => [] }), () => {})
    await heardLate.update(group, savedByThen)
    expect(heardLate.left(group, again)).to.equal(true)
    expect(heardLate.left(group, left), 'it is news').to.equal(true)
    expect(heardLate.left(group, again)).to.equal(false)
    for (const each of [memberships, heardLate]) {
      expect([left, joined].map(seq => each.isVisible(feed, seq))).to.deep.equal([true, false])
      each.stop()
    }
    const late = new Memberships('bob', withOthers(world.log, { read: async () => [] }), () => {})
    await late.update(group, savedByThen)
    late.left(group, again)
    await late.update(group, await spansOfBob())
    expect(late.end(feed), 'the tables know better').to.equal(again)
    expect([left, left + 0.5, joined].map(seq => late.isVisible(feed, seq))).to.deep.equal([
      true,
      false,
      true,
    ])
    late.stop()
  })

  it('has a membership for news that had ended before it was heard of', async () => {
    const memberships = new Memberships('bob', world.log, () => {})
    await change({ do: 'remove', user: 'bob' })
    expect(await memberships.update(group, await spansOfBob())).to.equal(true)
    expect(await memberships.update(group, await spansOfBob())).to.equal(false)
    const [{ from } = { from: 0 }] = await spansOfBob()
    await change({ do: 'add', users: ['bob'] })
    await memberships.update(group, await spansOfBob())
    expect(memberships.part(group).after, 'a feed begins with the first of them').to.equal(from - 1)
    memberships.stop()
  })

  it('lets no feed go on before it is known that nothing after the joining is missed', async () => {
    const flushes: (() => void)[] = []
    const waiting = withOthers(world.log, {
      flush: () => new Promise<void>(resolve => flushes.push(resolve)),
    })
    const memberships = new Memberships('bob', waiting, () => {})
    const feed = groupFeed(group)
    const first = memberships.update(group, await spansOfBob())
    const left = await change({ do: 'remove', user: 'bob' })
    memberships.left(group, left)
    const joined = await change({ do: 'add', users: ['bob'] })
    const second = memberships.update(group, await spansOfBob())
    flushes[0]?.()
    expect(await first).to.equal(true)
    expect(memberships.end(feed), 'what the second one follows by is not in force').to.equal(joined - 1)
    flushes[1]?.()
    expect(await second, 'it is news too').to.equal(true)
    expect(memberships.end(feed)).to.equal(Number.POSITIVE_INFINITY)
    memberships.stop()
  })

  it('is read again when the bus is back, and again while the database does not answer', async () => {
    let say: (state: BusState) => void = () => {}
    let failures = 2
    let flushes = 0
    const { groups: stored } = world.store
    const watch = new MembershipWatch(
      { onState: handler => (say = handler), flush: async () => void flushes++ },
      {
        memberships: users => {
          expect(flushes, 'what is not told any more is in the tables').to.be.greaterThan(0)
          return failures-- > 0 ? Promise.reject(new Error('away')) : stored.memberships(users)
        },
      },
      makeLogger('silent', 'test'),
    )
    const told: (readonly UserMembership[])[] = []
    const forget = watch.watch('bob', rows => told.push(rows))
    say('disconnected')
    const joined = await change({ do: 'remove', user: 'bob' }).then(() =>
      change({ do: 'add', users: ['bob'] }),
    )
    expect(told).to.have.length(0)
    say('connected')
    await until(() => told.length > 0, 'nothing is told')
    expect(told[0]?.filter(row => row.group === group && row.to === undefined)).to.deep.equal([
      { user: 'bob', group, from: joined },
    ])
    forget()
    const alices: (readonly UserMembership[])[] = []
    watch.watch('alice', rows => alices.push(rows))
    say('connected')
    await until(() => alices.length > 0, 'nothing is told')
    expect(told, 'an ended activation is told nothing').to.have.length(1)
    watch.close()
  })
})
