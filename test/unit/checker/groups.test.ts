import { expect } from 'chai'
import { check } from '../../../tools/checker/check.ts'
import type { HistoryEvent } from '../../../tools/checker/history.ts'
import { Unreadable } from '../../../tools/checker/unreadable.ts'
import {
  accepted,
  changed,
  changing,
  created,
  heard,
  historyOf,
  invoked,
  quiet,
  received,
  refused,
  unchanged,
  unsure,
} from './history-lines.ts'

const kinds = (...events: HistoryEvent[]) => [...check(historyOf(...events)).counts.keys()]
const crew = { conv: 'group:crew' }
const said = (id: string, seq: number): HistoryEvent[] => [invoked(id, crew), accepted(id, seq, crew)]
const at = (user: string, id: string, seq: number) => received(id, seq, { ...crew, user })
const joinedBob = [changing('join', 'bob'), changed('join', 'bob')]
const again = (event: HistoryEvent) => ({ ...event, proc: `${event.proc} again` })
const removedBob = [changing('remove', 'bob', 2), changed('remove', 'bob', 2)]

describe('the checker on a group’s members', () => {
  it('lets nobody miss what was said after a joining and before any leaving', () => {
    expect(kinds(...joinedBob, ...said('m1', 5), quiet)).to.deep.equal(['lost'])
    expect(kinds(...joinedBob, ...said('m1', 5), at('bob', 'm1', 5), quiet)).to.be.empty
    expect(kinds(...joinedBob, ...said('m1', 5), ...removedBob, quiet)).to.deep.equal(['lost'])
  })

  it('lets a message that overlaps with a change go either way', () => {
    const joining = [changing('join', 'bob'), ...said('m1', 5), changed('join', 'bob')]
    expect(kinds(...joining, quiet)).to.be.empty
    expect(kinds(...joining, at('bob', 'm1', 5), quiet)).to.be.empty
    const leaving = [
      ...joinedBob,
      changing('remove', 'bob', 2),
      ...said('m1', 5),
      changed('remove', 'bob', 2),
    ]
    expect(kinds(...leaving, quiet)).to.be.empty
    expect(kinds(...leaving, at('bob', 'm1', 5), quiet)).to.be.empty
  })

  it('knows by the notice where a change was that overlaps with a message', () => {
    const joining = [created(1), changing('join', 'bob'), ...said('m1', 5), changed('join', 'bob')]
    const before = [...joining, heard('alice', 'join', 'bob', 4), heard('bob', 'join', 'bob', 4)]
    expect(kinds(...before, quiet)).to.deep.equal(['lost'])
    const after = [...joining, heard('alice', 'join', 'bob', 6), at('bob', 'm1', 5)]
    expect(kinds(...after, heard('bob', 'join', 'bob', 6), quiet)).to.deep.equal(['delivered-to-non-member'])
  })

  it('lets nobody receive what was said after a leaving', () => {
    const left = [...joinedBob, ...removedBob]
    expect(kinds(...left, ...said('m1', 5), at('bob', 'm1', 5))).to.deep.equal(['delivered-to-non-member'])
    expect(kinds(...left, changing('join', 'bob', 3), ...said('m1', 5), at('bob', 'm1', 5))).to.be.empty
  })

  it('lets a change of unknown outcome happen or not, and happen late', () => {
    const left = [...joinedBob, changing('remove', 'bob', 2), unsure('remove', 'bob', 2), ...said('m1', 5)]
    expect(kinds(...left, quiet)).to.be.empty
    expect(kinds(...left, at('bob', 'm1', 5), quiet)).to.be.empty
    const again = [...left, changing('remove', 'bob', 3), changed('remove', 'bob', 3)]
    expect(kinds(...again, ...said('m2', 6), at('bob', 'm2', 6))).to.deep.equal(['delivered-to-non-member'])
    const rejoined = [...again, changing('join', 'bob', 4), changed('join', 'bob', 4), ...said('m2', 6)]
    expect(kinds(...rejoined, quiet), 'the first may have come last').to.be.empty
  })

  it('takes a change of unknown outcome for undone when all was quiet and nobody had heard of it', () => {
    const left = [
      created(1, 'bob'),
      changing('remove', 'bob'),
      unsure('remove', 'bob'),
      quiet,
      ...said('m1', 5),
    ]
    const told = { ...created(1, 'bob'), proc: 'bob', user: 'bob', conn: 'bob-1' } as HistoryEvent
    expect(kinds(told, ...left, quiet)).to.deep.equal(['lost'])
  })

  it('lets no leaving that nobody has heard of excuse who went on receiving behind the hole', () => {
    const told = { ...created(1, 'bob'), proc: 'bob', user: 'bob', conn: 'bob-1' } as HistoryEvent
    const left = [created(1, 'bob'), told, changing('remove', 'bob'), unsure('remove', 'bob')]
    const hole = [...left, ...said('m1', 5), ...said('m2', 6)]
    expect(kinds(...hole), 'bob may have left').to.be.empty
    expect(kinds(...hole, at('bob', 'm2', 6))).to.deep.equal(['lost'])
    expect(kinds(...hole, heard('bob', 'remove', 'bob', 4))).to.be.empty
  })

  it('knows by a joining of who was in that the notice of the leaving before it reached nobody', () => {
    const told = { ...created(1, 'bob'), proc: 'bob', user: 'bob', conn: 'bob-1' } as HistoryEvent
    const left = [changing('remove', 'bob'), unsure('remove', 'bob'), ...joinedBob.map(again)]
    const both = (f: 'join' | 'remove', seq: number) => [
      heard('alice', f, 'bob', seq),
      heard('bob', f, 'bob', seq),
    ]
    const silent = [created(1, 'bob'), told, ...left, ...both('join', 7)]
    expect(kinds(...silent, quiet)).to.deep.equal(['lost'])
    expect(kinds(...silent), 'somebody may hear of it yet').to.be.empty
    expect(kinds(created(1, 'bob'), told, ...left, ...both('remove', 4), ...both('join', 7), quiet)).to.be
      .empty
  })

  it('takes a notice that may be of several tries for that of the one that is left when the others are refused', () => {
    const tries = [changing('join', 'bob'), unsure('join', 'bob'), changing('join', 'bob', 2)]
    const settled = [created(1), ...tries, heard('alice', 'join', 'bob', 3), unchanged('join', 'bob', 2)]
    const removed = [
      changing('remove', 'bob', 3),
      changed('remove', 'bob', 3),
      heard('alice', 'remove', 'bob', 4),
    ]
    const bobs = [heard('bob', 'join', 'bob', 3), heard('bob', 'remove', 'bob', 4)]
    const after = [...said('m1', 5), at('bob', 'm1', 5)]
    expect(kinds(...settled, ...removed, ...bobs, ...after)).to.deep.equal(['delivered-to-non-member'])
    const open = [created(1), ...tries, heard('alice', 'join', 'bob', 3)]
    expect(kinds(...open, ...removed, ...bobs, ...after), 'the other try may follow').to.be.empty
  })

  it('says of nobody what it cannot know: who was in before the first line', () => {
    expect(kinds(...said('m1', 5), at('bob', 'm1', 5), quiet)).to.be.empty
    expect(kinds(...removedBob, ...said('m1', 5), at('bob', 'm1', 5))).to.deep.equal([
      'delivered-to-non-member',
    ])
  })

  it('knows everybody where the group’s beginning was heard of', () => {
    expect(kinds(created(1, 'bob'), ...said('m1', 5), at('carol', 'm1', 5))).to.deep.equal([
      'delivered-to-non-member',
    ])
  })

  it('lets a send be refused only while its sender may be no member', () => {
    const bobs = { ...crew, from: 'bob' }
    const strange = { ...refused('m1', bobs), reason: 'not_group_member' } as HistoryEvent
    expect(kinds(...joinedBob, invoked('m1', bobs), strange)).to.deep.equal(['member-refused'])
    expect(kinds(changing('join', 'bob'), invoked('m1', bobs), changed('join', 'bob'), strange)).to.be.empty
    const leaving = [...joinedBob, invoked('m1', bobs), changing('remove', 'bob', 2)]
    expect(kinds(...leaving, strange), 'the leaving may have come first').to.be.empty
  })

  it('says that what was not received may have been on its way where nothing is quiet', () => {
    const { violations, notes } = check(historyOf(...joinedBob, ...said('m1', 5)))
    expect(violations).to.deep.equal([])
    expect(notes.join()).to.include('1 times a member had not received what was stored in a group')
  })

  it('tells in words who missed what', () => {
    const [violation] = check(historyOf(...joinedBob, ...said('m1', 5), quiet)).violations
    expect(violation?.sentence).to.equal(
      'm1 from alice in group:crew (seq 5), known to be stored at 3 ms (line 4), never reached bob, who was a member there, although everything was delivered at 4 ms (line 5)',
    )
  })

  it('cannot read an answer to a change that nobody has asked for', () => {
    expect(() => check(historyOf(changed('join', 'bob')))).to.throw(Unreadable, 'line 1: join ok without')
  })
})
