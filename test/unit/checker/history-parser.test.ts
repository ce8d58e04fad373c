import { expect } from 'chai'
import { check } from '../../../tools/checker/check.ts'
import { parseHistoryLine } from '../../../tools/checker/history-parser.ts'
import { Unreadable } from '../../../tools/checker/unreadable.ts'
import { accepted, historyOf, invoked, received } from './history-lines.ts'
import { cleanHistory } from './simulated-world.ts'

const send = {
  t: 1,
  type: 'ok',
  f: 'send',
  proc: 'p',
  conv: 'group:g',
  from: 'a',
  id: 'm',
  conn: 'c',
  seq: 3,
}

const join = { t: 1, type: 'ok', f: 'join', proc: 'p', by: 'a', users: ['b'], conv: 'group:g' }

describe('a line of a history', () => {
  it('is read as it was written', () => {
    for (const line of cleanHistory(1)) expect(parseHistoryLine(JSON.stringify(line), 1)).to.deep.equal(line)
  })

  it('may have fields that the checker does not know', () => {
    expect(parseHistoryLine(JSON.stringify({ ...send, build: 'x' }), 1)).to.include({ build: 'x', seq: 3 })
    expect(parseHistoryLine(JSON.stringify(join), 1)).to.deep.equal(join)
  })

  for (const [what, text] of [
    ['is cut off', JSON.stringify(send).slice(0, -5)],
    ['is empty', ''],
    ['is no object', '[1]'],
    ['is null', 'null'],
    ['has an unknown f', JSON.stringify({ ...send, f: 'sent' })],
    ['has the f of an object’s method', JSON.stringify({ ...send, f: 'toString' })],
    ['has no f', JSON.stringify({ ...send, f: undefined })],
    ['has an unknown type', JSON.stringify({ ...send, type: 'maybe' })],
    ['has a type that its f has not', JSON.stringify({ ...send, f: 'quiet' })],
    ['has no time', JSON.stringify({ ...send, t: undefined })],
    ['has a time in words', JSON.stringify({ ...send, t: '1' })],
    ['lacks a field', JSON.stringify({ ...send, conn: undefined })],
    ['has an empty field', JSON.stringify({ ...send, id: '' })],
    ['has a number where text belongs', JSON.stringify({ ...send, from: 7 })],
    ['has a seq that is no whole number', JSON.stringify({ ...send, seq: 1.5 })],
    ['has no list where one belongs', JSON.stringify({ ...join, users: 'b' })],
    ['has a list of something else', JSON.stringify({ ...join, users: ['b', 7] })],
    ['lacks its answer', JSON.stringify({ ...send, seq: undefined })],
  ] as const)
    it(`that ${what} is unreadable, by its number`, () => {
      expect(() => parseHistoryLine(text, 12)).to.throw(Unreadable, 'line 12: ')
    })
})

describe('a history', () => {
  for (const [what, lines] of [
    ['whose clock goes back', [{ ...historyOf(invoked('m1'))[0], t: 5 }, ...historyOf(accepted('m1', 1))]],
    ['with an answer to nothing', historyOf(invoked('m1'), accepted('m2', 1))],
    ['with one id in two conversations', historyOf(invoked('m1'), invoked('m1', { conv: 'group:g' }))],
    [
      'with a send into others’ conversation',
      historyOf(invoked('m0'), invoked('m1', { conv: 'direct:bob:carol' })),
    ],
    [
      'with an impossible conversation',
      historyOf(invoked('m1'), received('m1', 1, { conv: 'direct:bob:alice' })),
    ],
  ] as const)
    it(`${what} is unreadable, by the line’s number`, () => {
      expect(() => check(lines as ReturnType<typeof historyOf>)).to.throw(Unreadable, 'line 2: ')
    })
})
