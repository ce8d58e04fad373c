import { expect } from 'chai'
import { CursorWriter } from '../../../actors/cursor-writer.ts'
import { FeedReader } from '../../../actors/feed-reader.ts'
import { IncomingMessages } from '../../../actors/user/incoming-messages.ts'
import { Memberships } from '../../../actors/user/memberships.ts'
import { UnreadCounts } from '../../../actors/user/unread-counts.ts'
import type { LogEntry } from '../../../messaging/message-log.ts'
import { groupConversation, groupFeed } from '../../../protocol/ids.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { GroupActors } from '../../support/group-actor.ts'

describe('the unread count of a group, once made', () => {
  let world: GroupActors
  let cursors: CursorWriter
  before(async () => {
    world = await GroupActors.start()
    cursors = new CursorWriter(world.store.users, 60_000, makeLogger('silent', 'test'))
  })
  after(async () => {
    await cursors.close()
    await world.stop()
  })

  it('is kept up by what comes: messages, also when they are taken back, my own words, and leaving', async () => {
    const { store, log } = world
    const groups = await world.process()
    const group = await store.groups.nextId()
    const create = { do: 'create', name: 'friends', policy: 'invited', users: ['bob'] } as const
    await groups.call(group, 'change', { by: 'alice', opId: 'create', command: create })
    const reader = new FeedReader(store.messages, log)
    const bobs = new IncomingMessages('bob', store.messages, reader)
    const memberships: Memberships = new Memberships('bob', log, entry => {
      unread.incoming(entry)
      memberships.observe(entry)
    })
    const unread = new UnreadCounts('bob', store, reader, cursors, bobs, memberships)
    const rows = await store.users.load('bob')
    await memberships.restore(rows.memberships, rows.position)
    const count = async () => (await unread.list(0)).map(({ unread }) => unread)
    const say = (from: string, clientMsgId: string) =>
      groups.call(group, 'send', { from, messages: [{ clientMsgId, body: 'b', msgType: 'TEXT' }] })
    expect(await count()).to.deep.equal([])
    await say('alice', 'one')
    await say('alice', 'two')
    expect(await count()).to.deep.equal([2])
    const feed = await log.read(groupFeed(group), 0, 10)
    const one = feed.find(({ entry }) => entry.kind === 'group') as LogEntry
    await groups.call(group, 'revoke', { by: 'alice', seq: one.seq })
    expect(await count()).to.deep.equal([2])
    await say('bob', 'mine')
    expect(await count()).to.deep.equal([])
    await say('alice', 'three')
    expect(await unread.list(0)).to.deep.equal([{ conversation: groupConversation(group), unread: 1 }])
    await groups.call(group, 'change', { by: 'bob', opId: 'go', command: { do: 'remove', user: 'bob' } })
    expect(await count(), 'who has left has nothing to read').to.deep.equal([])
    memberships.stop()
  })
})
