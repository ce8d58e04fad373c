import { expect } from 'chai'
import { check } from '../../../tools/checker/check.ts'
import type { HistoryEvent } from '../../../tools/checker/history.ts'
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
  unsure,
} from './history-lines.ts'

const CREW = 'group:crew'
const crew = { conv: CREW }
const question = { f: 'unread', proc: 'bob', user: 'bob', conv: CREW } as const
const asked: HistoryEvent = { type: 'invoke', ...question }
const read = (upto: number): HistoryEvent => ({
  type: 'ok',
  f: 'read',
  proc: 'bob',
  user: 'bob',
  conv: CREW,
  upto,
})
const said = (id: string, seq: number, from = 'alice'): HistoryEvent[] => [
  invoked(id, { ...crew, from }),
  accepted(id, seq, { ...crew, from }),
]
const joins = (n = 1): HistoryEvent[] => [changing('join', 'bob', n), changed('join', 'bob', n)]
const goes = [changing('leave', 'bob', 2), changed('leave', 'bob', 2)]

/** The answers from 0 to 5 that the checker lets pass; the question is put by the history itself. */
const allowed = (...events: readonly HistoryEvent[]): number[] =>
  [0, 1, 2, 3, 4, 5].filter(
    value => !check(historyOf(...events, { type: 'ok', ...question, value })).counts.has('unread'),
  )

describe('an unread count of a group', () => {
  const start = [created(1), ...joins(), heard('alice', 'join', 'bob', 3)]
  const two = [...said('m1', 4), ...said('m2', 5, 'carol')]

  it('is what the others have said since the joining, and was not read', () => {
    expect(allowed(...start, ...two, asked)).to.deep.equal([2])
    expect(allowed(...start, ...two, read(4), asked)).to.deep.equal([1])
    expect(
      allowed(created(1), ...said('m0', 2), ...joins(), heard('alice', 'join', 'bob', 3), asked),
    ).to.deep.equal([0])
  })

  it('has nothing that lies before an own message', () => {
    expect(allowed(...start, ...two, ...said('own', 6, 'bob'), ...said('m3', 7), asked)).to.deep.equal([1])
    expect(allowed(...start, ...two, invoked('own', { ...crew, from: 'bob' }), asked)).to.deep.equal([
      0, 1, 2,
    ])
  })

  it('may have a message of anybody from its invoke on', () => {
    expect(allowed(...start, ...two, invoked('m3', { ...crew, from: 'carol' }), asked)).to.deep.equal([2, 3])
  })

  it('may not have begun yet for who was not told of the joining, though others were', () => {
    const others = [
      created(1),
      changing('join', 'bob'),
      unsure('join', 'bob'),
      heard('alice', 'join', 'bob', 3),
    ]
    expect(allowed(...others, ...two, asked)).to.deep.equal([0, 1, 2])
    expect(allowed(...others, ...two, received('m1', 4, { ...crew, user: 'bob' }), asked)).to.deep.equal([2])
    expect(allowed(...others, ...two, quiet, asked)).to.deep.equal([2])
  })

  it('is nothing for who has left, and begins anew with each joining', () => {
    const left = [...start, ...two, ...goes, heard('alice', 'leave', 'bob', 6)]
    expect(allowed(...left, asked)).to.deep.equal([0])
    expect(allowed(...start, ...two, changing('leave', 'bob', 2), asked)).to.deep.equal([0, 1, 2])
    const again = [...left, ...joins(3), heard('alice', 'join', 'bob', 7)]
    expect(allowed(...again, ...said('m3', 8), asked)).to.deep.equal([1])
  })

  it('stays uncertain where an own message may be stored that nobody else would have received', () => {
    const alone = [created(1), changing('join', 'bob'), invoked('own', { ...crew, from: 'bob' }), ...two]
    const late = [heard('alice', 'join', 'bob', 3), quiet]
    expect(allowed(...alone, ...late, asked), 'alice would have').to.deep.equal([2])
    const owner = { f: 'unread', proc: 'alice', user: 'alice', conv: CREW } as const
    const unheard = [created(1), invoked('own', crew), quiet, { type: 'invoke', ...owner } as const]
    const counts = [0, 1].map(value => check(historyOf(...unheard, { type: 'ok', ...owner, value })).counts)
    expect(counts.map(count => count.has('unread'))).to.deep.equal([false, true])
  })
})
