import { expect } from 'chai'
import fc from 'fast-check'
import { fold, type GroupState, stateOf } from '../../actors/group/group-state.ts'
import type { NewEntry } from '../../messaging/message-log.ts'
import {
  dedupeIdOf,
  type GroupEntry,
  type NoticeEntry,
  type RevocationEntry,
} from '../../protocol/entries.ts'
import type { GroupChange } from '../../protocol/groups.ts'
import { groupConversation, groupFeed } from '../../protocol/ids.ts'
import { direct, newUser } from './message-log.ts'
import type { Context } from './store-context.ts'

let ops = 0

const stored = (entry: GroupEntry | NoticeEntry | RevocationEntry, group: string): NewEntry => ({
  feed: groupFeed(group),
  dedupeId: dedupeIdOf(entry),
  entry,
})

const notice = (group: string, from: string, change: GroupChange, ordinal = 0): NewEntry =>
  stored({ kind: 'notice', from, group, opId: `op-${++ops}`, change, ordinal, ts: 1000 + ops }, group)

const said = (group: string, from: string, ordinal: number): NewEntry =>
  stored(
    {
      kind: 'group',
      from,
      group,
      clientMsgId: `m-${++ops}`,
      body: `b${ordinal}`,
      msgType: 'TEXT',
      ordinal,
      ts: 7,
    },
    group,
  )

const founded = (group: string, owner: string, users: readonly string[] = []) =>
  notice(group, owner, { event: 'created', name: 'friends', policy: 'invited', users })

/** What the database knows of groups, all of it by their feeds. */
export function groupStore({ store, save }: Context): void {
  it('gives every group a number of its own', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => store().groups.nextId()))
    expect(new Set(ids).size).to.equal(20)
    for (const id of ids) expect(id).to.match(/^[1-9][0-9]*$/)
  })

  it('knows nothing of a group whose beginning is not saved', async () => {
    const group = await store().groups.nextId()
    expect(await store().groups.load(group)).to.equal(undefined)
    expect(await store().groups.find(group)).to.equal(undefined)
    expect(await store().groups.spans(group, newUser())).to.deep.equal([])
  })

  it('holds what a fold of the feed holds, whatever has happened', async () => {
    const users = ['a', 'b', 'c'].map(name => `${newUser()}-${name}`)
    const user = fc.constantFrom(...users)
    const some = fc.uniqueArray(user, { minLength: 1 })
    const change: fc.Arbitrary<GroupChange> = fc.oneof(
      fc.record({ event: fc.constant('joined' as const), users: some }),
      fc.record({ event: fc.constant('removed' as const), users: some }),
      fc.record({
        event: fc.constant('role' as const),
        users: some,
        role: fc.constantFrom('admin' as const, 'member' as const),
      }),
      fc.record({ event: fc.constant('muted' as const), users: some, until: fc.nat() }),
      fc.record({ event: fc.constant('muted' as const), until: fc.constantFrom(0, 1) }),
      fc.record({ event: fc.constant('renamed' as const), name: fc.string({ minLength: 1, maxLength: 64 }) }),
    )
    const run = async (changes: readonly GroupChange[]) => {
      const [group, owner] = [await store().groups.nextId(), newUser()]
      let state: GroupState | undefined
      const apply = async (entry: NewEntry) => {
        const [seq = 0] = await save([entry])
        state = fold(state, { seq, feed: entry.feed, entry: entry.entry })
      }
      await apply(founded(group, owner))
      for (const change of changes) {
        // Its actor lets nobody in who is in.
        const users = 'users' in change ? change.users?.filter(id => !state?.members.has(id)) : undefined
        if (change.event === 'joined' && users?.length === 0) continue
        await apply(
          notice(group, owner, change.event === 'joined' ? { ...change, users: users ?? [] } : change),
        )
        await apply(said(group, owner, (state?.lastOrdinal ?? 0) + 1))
      }
      const rows = await store().groups.load(group)
      expect(rows && stateOf(rows)).to.deep.equal(state)
      expect(rows?.memberCount).to.equal(state?.members.size)
    }
    await fc.assert(fc.asyncProperty(fc.array(change, { maxLength: 8 }), run), { numRuns: 15 })
  })

  it('remembers each time somebody was in, also after the end of the group', async () => {
    const [group, owner, guest] = [await store().groups.nextId(), newUser(), newUser()]
    const [founding, joined, left, again, dissolved] = await save([
      founded(group, owner),
      notice(group, owner, { event: 'joined', users: [guest] }),
      notice(group, guest, { event: 'left' }),
      notice(group, owner, { event: 'joined', users: [guest] }),
      notice(group, owner, { event: 'dissolved' }),
    ])
    expect(await store().groups.spans(group, guest)).to.deep.equal([
      { from: joined, to: left },
      { from: again, to: dissolved },
    ])
    expect((await store().users.load(owner)).memberships).to.deep.equal([
      { group, from: founding, to: dissolved },
    ])
    expect(await store().groups.memberships([owner, newUser(), guest])).to.deep.equal([
      { user: owner, group, from: founding, to: dissolved },
      { user: guest, group, from: joined, to: left },
      { user: guest, group, from: again, to: dissolved },
    ])
    expect(await store().groups.members(group)).to.deep.equal([])
    expect(await store().groups.find(group)).to.include({ dissolved: true, memberCount: 0, owner })
    expect(await store().groups.createdBy(owner)).to.deep.equal([])
  })

  it('lists the groups that somebody owns and is in', async () => {
    const [owner, guest] = [newUser(), newUser()]
    const [first, second] = [await store().groups.nextId(), await store().groups.nextId()]
    await save([founded(first, owner, [guest]), founded(second, guest)])
    expect((await store().groups.createdBy(guest)).map(({ group }) => group)).to.deep.equal([second])
    expect((await store().groups.joinedBy(guest)).map(({ group }) => group)).to.deep.equal([first, second])
  })

  it('counts messages since joining, also those taken back, and shows of these that they were', async () => {
    const [group, owner, guest] = [await store().groups.nextId(), newUser(), newUser()]
    const conversation = groupConversation(group)
    const [, , joined] = await save([
      founded(group, owner),
      said(group, owner, 1),
      notice(group, owner, { event: 'joined', users: [guest] }, 1),
    ])
    const [, regretted] = await save([said(group, owner, 2), said(group, owner, 3), said(group, owner, 4)])
    const unread = async () => (await store().messages.unread(guest)).conversations
    expect(await unread()).to.deep.equal([{ conversation, readSeq: joined, single: [], unread: 3 }])
    const target = regretted ?? 0
    await save([stored({ kind: 'revocation', from: owner, group, target, ordinal: 4, ts: 1 }, group)])
    expect((await unread())[0]?.unread).to.equal(3)
    const spans = await store().groups.spans(group, guest)
    const shown = await store().messages.history(conversation, 0, 10, spans)
    expect(shown.map(({ entry, revoked }) => [(entry as GroupEntry).ordinal, revoked])).to.deep.equal([
      [4, undefined],
      [3, true],
      [2, undefined],
    ])
    expect((await store().messages.historyPage(conversation, 0, 10, spans)).total).to.equal(3)
    expect(await store().messages.history(conversation, 0, 10, [])).to.deep.equal([])
    expect((await store().groups.load(group))?.lastOrdinal).to.equal(4)
  })

  it('finds what a sender stored under an id, and keeps operations apart from messages', async () => {
    const [group, owner] = [await store().groups.nextId(), newUser()]
    const made = founded(group, owner)
    const [seq] = await save([made, direct(owner, newUser(), 'mine')])
    const id = made.dedupeId.slice(owner.length + 1)
    expect(await store().messages.seqOf(owner, id)).to.equal(seq)
    expect(await store().messages.seqOf(owner, 'other')).to.equal(undefined)
    expect((await store().messages.recentIds(owner, 10)).map(([name]) => name)).to.deep.equal(['mine'])
  })

  it('tells the members of groups that are small enough', async () => {
    const [owner, guest, gone, far] = [newUser(), newUser(), newUser(), newUser()]
    const groups: string[] = []
    for (let n = 0; n < 25; n++) groups.push(await store().groups.nextId())
    const [small = '', large = '', ...others] = groups
    await save([
      founded(small, owner),
      notice(small, owner, { event: 'joined', users: [guest, gone] }),
      notice(small, owner, { event: 'removed', users: [gone] }),
      founded(large, owner),
      notice(large, owner, { event: 'joined', users: [far, newUser()] }),
      ...others.map(group => founded(group, far)),
    ])
    const members = async (of: readonly string[], max: number) =>
      [...(await store().groups.membersOfSmall(of, max, 500))].sort()
    expect(await members([small, large], 2)).to.deep.equal([owner, guest].sort())
    expect(await members([small, large], 1)).to.deep.equal([])
    expect(await members([small, ...others], 2)).to.deep.equal([owner, guest, far].sort())
    expect(await members([], 2)).to.deep.equal([])
  })
}
