import { expect } from 'chai'
import fc from 'fast-check'
import { announcementOf } from '../../../actors/group/announcement-of.ts'
import type { GroupCommand } from '../../../actors/group/contract.ts'
import { fold, type GroupState } from '../../../actors/group/group-state.ts'
import { judge } from '../../../actors/group/rules.ts'
import type { NoticeEntry } from '../../../protocol/entries.ts'
import { MAX_GROUP_MEMBERS } from '../../../protocol/groups.ts'

describe('the fold of a group’s feed', () => {
  let ops = 0
  const notice = (from: string, change: NoticeEntry['change']): NoticeEntry => ({
    kind: 'notice',
    from,
    group: '1',
    opId: `${++ops}`,
    change,
    ordinal: 0,
    ts: ops,
  })
  const folded = (state: GroupState | undefined, entry: NoticeEntry, seq: number) =>
    fold(state, { seq, feed: 'group.1', entry })

  it('is the same for a change that is there twice', () => {
    const entries = [
      notice('alice', { event: 'created', name: 'n', policy: 'invited', users: ['bob'] }),
      notice('alice', { event: 'joined', users: ['carol'] }),
      notice('alice', { event: 'role', users: ['carol'], role: 'admin' }),
      notice('bob', { event: 'left' }),
    ]
    let state: GroupState | undefined
    for (const [index, entry] of entries.entries()) {
      state = folded(state, entry, index + 1)
      expect(folded(state, entry, index + 100)).to.deep.equal(state)
    }
    expect([...(state?.members.keys() ?? [])]).to.deep.equal(['alice', 'carol'])
  })

  it('allows only what leaves the owner in, and no more members than a group can hold', () => {
    const user = fc.constantFrom('alice', 'bob', 'carol', 'dave')
    const command: fc.Arbitrary<GroupCommand> = fc.oneof(
      fc.record({ do: fc.constant('add' as const), users: fc.array(user) }),
      fc.record({ do: fc.constant('remove' as const), user }),
      fc.record({
        do: fc.constant('role' as const),
        user,
        role: fc.constantFrom('admin' as const, 'member' as const),
      }),
      fc.record({ do: fc.constant('mute-member' as const), user, seconds: fc.nat(100) }),
      fc.record({ do: fc.constant('dissolve' as const) }),
    )
    fc.assert(
      fc.property(fc.array(fc.record({ by: user, command })), asked => {
        let state = folded(
          undefined,
          notice('alice', { event: 'created', name: 'n', policy: 'invited', users: [] }),
          1,
        )
        for (const [index, { by, command }] of asked.entries()) {
          const judged = judge(state, by, command, 1000)
          if ('change' in judged) {
            expect(state?.members.has(by), 'only members change anything').to.equal(true)
            state = folded(state, notice(by, judged.change), index + 2)
          }
          const owner = state?.members.get('alice')
          expect(state?.dissolved || (owner?.role === 'owner' && owner.mutedUntil === 0)).to.equal(true)
        }
      }),
    )
    const members = new Map(
      Array.from({ length: MAX_GROUP_MEMBERS }, (_, n) => [
        `u${n}`,
        {
          role: n === 0 ? ('owner' as const) : ('member' as const),
          joinedSeq: 1,
          joinedAt: 1,
          mutedUntil: 0,
        },
      ]),
    )
    const full: GroupState = {
      name: 'n',
      owner: 'u0',
      policy: 'invited',
      muted: false,
      dissolved: false,
      lastOrdinal: 0,
      members,
    }
    expect(judge(full, 'u0', { do: 'add', users: ['one more'] }, 1)).to.deep.equal({
      refused: 'too_many_members',
    })
  })

  it('announces an end to all who were in', () => {
    const state = folded(
      undefined,
      notice('alice', { event: 'created', name: 'n', policy: 'invited', users: ['bob'] }),
      1,
    )
    expect(announcementOf(2, notice('alice', { event: 'dissolved' }), state)).to.deep.equal({
      notice: { kind: 'membership', group: '1', seq: 2, member: false },
      users: ['alice', 'bob'],
    })
  })
})
