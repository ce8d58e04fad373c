import { expect } from 'chai'
import { check } from '../../../tools/checker/check.ts'
import type { HistoryEvent } from '../../../tools/checker/history.ts'
import { Unreadable } from '../../../tools/checker/unreadable.ts'
import {
  accepted,
  asked,
  historyOf,
  invoked,
  passed,
  quiet,
  read,
  received,
  refused,
  told,
  unknown,
} from './history-lines.ts'

/** The answers from 0 to 5 that the checker lets pass; the question is put by the history itself. */
const allowed = (events: readonly HistoryEvent[], unreadLagMs = 0): number[] =>
  [0, 1, 2, 3, 4, 5].filter(
    value => !check(historyOf(...events, told(value)), { unreadLagMs }).counts.has('unread'),
  )

const two = [...passed('m1', 1), ...passed('m2', 2)]
const fromBob = { from: 'bob' }

describe('an unread count', () => {
  it('is exact when every send and read is settled', () => {
    expect(allowed([...two, quiet, asked])).to.deep.equal([2])
    expect(allowed([...two, read('invoke', 1), read('ok', 1), quiet, asked])).to.deep.equal([1])
  })

  it('may have a message from its invoke on, and must from its acknowledgement on', () => {
    expect(allowed([...two, invoked('m3'), asked])).to.deep.equal([2, 3])
    expect(allowed([...two, invoked('m3'), asked, accepted('m3', 3)])).to.deep.equal([2, 3])
    expect(allowed([...two, invoked('m3'), accepted('m3', 3), asked])).to.deep.equal([3])
  })

  it('may have a message that was invoked before the answer', () => {
    expect(allowed([...two, asked, invoked('m3')])).to.deep.equal([2, 3])
  })

  it('has no message that was finally refused', () => {
    expect(allowed([...two, invoked('m3'), refused('m3'), asked])).to.deep.equal([2])
  })

  it('has no message that was still of unknown outcome when all was quiet', () => {
    expect(allowed([...two, invoked('m3'), unknown('m3'), asked])).to.deep.equal([2, 3])
    expect(allowed([...two, invoked('m3'), unknown('m3'), quiet, asked])).to.deep.equal([2])
  })

  it('may be lower from a read on, and must be from its proof on', () => {
    expect(allowed([...two, read('invoke', 1), read('info', 1), asked])).to.deep.equal([1, 2])
    expect(allowed([...two, asked, read('invoke', 2)])).to.deep.equal([0, 1, 2])
    expect(allowed([...two, read('invoke', 2), asked, read('ok', 2)])).to.deep.equal([0, 1, 2])
    expect(allowed([...two, read('invoke', 2), read('ok', 2), asked])).to.deep.equal([0])
  })

  it('does not rise again with a read of something older', () => {
    expect(allowed([...two, read('ok', 2), read('ok', 1), asked])).to.deep.equal([0])
  })

  it('leaves out what came before the user’s own last message', () => {
    const answered = [...two, ...passed('r1', 3, fromBob), ...passed('m3', 4)]
    expect(allowed([...answered, asked])).to.deep.equal([1])
  })

  it('may be anything down to nothing while an own message is on its way', () => {
    expect(allowed([...two, invoked('r1', fromBob), asked])).to.deep.equal([0, 1, 2])
    expect(allowed([...two, invoked('r1', fromBob), unknown('r1', fromBob), quiet, asked])).to.deep.equal([2])
  })

  it('may lag behind an acknowledgement as long as it was said to, but not behind a receipt', () => {
    const acknowledged = [...two, invoked('m3'), accepted('m3', 3)]
    expect(allowed([...acknowledged, asked], 10)).to.deep.equal([2, 3])
    expect(allowed([...acknowledged, received('m3', 3), asked], 10)).to.deep.equal([3])
    expect(allowed([...acknowledged, asked], 1)).to.deep.equal([3])
    expect(allowed([...acknowledged, quiet, asked], 10)).to.deep.equal([3])
  })

  it('goes by the order of lines where times are the same', () => {
    const events = [...two, asked, invoked('m3'), accepted('m3', 3), told(2)]
    const { violations } = check(historyOf(...events).map(line => ({ ...line, t: 1 })))
    expect(violations).to.deep.equal([])
  })

  it('tells in words what it had to be', () => {
    const { violations } = check(historyOf(...two, quiet, asked, told(1)))
    expect(violations.map(({ sentence }) => sentence)).to.deep.equal([
      'bob was told of 1 unread messages in direct:alice:bob at 8 ms (line 9), asked at 7 ms (line 8), but exactly 2 were',
    ])
  })

  it('of a group is noted as not judged', () => {
    const group = { f: 'unread', proc: 'bob', user: 'bob', conv: 'group:crew' } as const
    const { violations, notes } = check(
      historyOf({ type: 'invoke', ...group }, { type: 'ok', ...group, value: 9 }),
    )
    expect(violations).to.deep.equal([])
    expect(notes.join()).to.include('1 unread counts of groups')
  })

  it('without a question is unreadable', () => {
    expect(() => check(historyOf(told(1)))).to.throw(Unreadable, 'line 1')
  })
})
