import { expect } from 'chai'
import { check } from '../../../tools/checker/check.ts'
import type { HistoryEvent } from '../../../tools/checker/history.ts'
import {
  accepted,
  historyOf,
  invoked,
  login,
  passed,
  quiet,
  received,
  refused,
  unknown,
} from './history-lines.ts'

const kinds = (...events: HistoryEvent[]) => [...check(historyOf(...events)).counts.keys()]
const sentences = (...events: HistoryEvent[]) =>
  check(historyOf(...events)).violations.map(({ sentence }) => sentence)

describe('the checker on sends', () => {
  it('names the lost message, its seq and when it was sent and acknowledged', () => {
    expect(sentences(invoked('m1'), accepted('m1', 7), quiet)).to.deep.equal([
      'm1 from alice in direct:alice:bob (seq 7), sent at 0 ms (line 1) and acknowledged at 1 ms (line 2), never reached bob, although everything was delivered at 2 ms (line 3)',
    ])
  })

  it('names the later message that shows a gap where nothing is quiet', () => {
    const [sentence] = sentences(invoked('m1'), accepted('m1', 7), ...passed('m2', 8))
    expect(sentence).to.include('m1').and.to.include('bob, who received the later seq 8 at 4 ms (line 5)')
  })

  it('takes the end of a history that breaks off for no loss, but says so', () => {
    const { violations, notes } = check(historyOf(quiet, invoked('m1'), accepted('m1', 7)))
    expect(violations).to.deep.equal([])
    expect(notes.join()).to.include('1 acknowledged messages were not received')
  })

  it('lets a send of unknown outcome appear or not', () => {
    expect(kinds(invoked('m1'), unknown('m1'), invoked('m2'), unknown('m2'), received('m2', 2), quiet)).to.be
      .empty
  })

  it('lets one of unknown outcome appear once only', () => {
    const history = [invoked('m1'), unknown('m1'), received('m1', 2), received('m1', 2)]
    expect(kinds(...history)).to.deep.equal(['duplicated'])
  })

  it('lets one of unknown outcome appear in order only', () => {
    const history = [invoked('m1'), unknown('m1'), ...passed('m2', 2), received('m1', 3)]
    expect(kinds(...history)).to.deep.equal(['send-order'])
  })

  it('takes a repeat under the same id for the same message', () => {
    expect(kinds(invoked('m1'), unknown('m1'), invoked('m1'), accepted('m1', 1), received('m1', 1), quiet)).to
      .be.empty
    expect(kinds(...passed('m1', 1), invoked('m1'), accepted('m1', 2))).to.deep.equal(['seq-disagreement'])
  })

  it('lets a repeat with another body be refused after the first was accepted', () => {
    expect(kinds(invoked('m1'), accepted('m1', 1), invoked('m1'), refused('m1'), received('m1', 1), quiet)).to
      .be.empty
  })

  it('finds a message that was received before its send was refused', () => {
    expect(kinds(invoked('m1'), received('m1', 1), refused('m1'))).to.deep.equal(['refused-but-received'])
  })

  it('finds a message that came back to its sender', () => {
    const echo = received('m1', 1, { user: 'alice' })
    expect(kinds(invoked('m1'), accepted('m1', 1), echo)).to.deep.equal(['misdelivered'])
  })

  it('finds two messages under one seq', () => {
    const toCarol = { conv: 'direct:alice:carol' }
    const history = [invoked('m1'), invoked('m2', toCarol), accepted('m1', 5), accepted('m2', 5, toCarol)]
    expect(kinds(...history)).to.deep.equal(['seq-disagreement'])
  })

  it('takes a receipt for proof that a message was stored, before its acknowledgement', () => {
    const fromCarol = { from: 'carol', conv: 'direct:carol:dave' }
    const history = [invoked('m1'), received('m1', 9), invoked('m2', fromCarol), accepted('m2', 8, fromCarol)]
    expect(kinds(...history)).to.deep.equal(['real-time-order'])
  })

  it('lets sends that overlap be stored in either order', () => {
    const fromCarol = { from: 'carol', conv: 'direct:carol:dave' }
    const history = [invoked('m1'), invoked('m2', fromCarol), accepted('m1', 9), accepted('m2', 8, fromCarol)]
    expect(kinds(...history)).to.be.empty
  })

  it('judges a group’s receipts for each member', () => {
    const crew = { conv: 'group:crew' }
    const sent = [invoked('m1', crew), accepted('m1', 1, crew)]
    const toBob = received('m1', 1, { ...crew, user: 'bob' })
    const toCarol = received('m1', 1, { ...crew, user: 'carol' })
    expect(kinds(...sent, toBob, toCarol, quiet)).to.be.empty
    expect(kinds(...sent, toBob, toCarol, toBob)).to.deep.equal(['duplicated'])
  })
})

describe('the checker on logins', () => {
  const first = [login('invoke', 'b1'), login('ok', 'b1')]
  const second = [login('invoke', 'b2'), login('ok', 'b2')]
  const onFirst = received('m1', 1, { conn: 'b1' })

  it('finds a delivery to the older connection of what was sent after the newer one’s confirmation', () => {
    expect(kinds(...first, ...second, invoked('m1'), onFirst)).to.deep.equal(['delivered-to-old-connection'])
  })

  it('lets the older connection receive what was under way', () => {
    expect(kinds(...first, invoked('m1'), ...second, onFirst)).to.be.empty
  })

  it('takes neither of two overlapping logins for the older one', () => {
    const overlapping = [login('invoke', 'b1'), login('invoke', 'b2'), login('ok', 'b1'), login('ok', 'b2')]
    expect(kinds(...overlapping, invoked('m1'), onFirst)).to.be.empty
  })

  it('lets a send that was invoked on the old connection be accepted on the new one', () => {
    const sent = { from: 'bob', conn: 'b1' }
    const history = [...first, ...second, invoked('m1', sent)]
    expect(kinds(...history, accepted('m1', 1, { from: 'bob', conn: 'b2' }))).to.be.empty
    expect(kinds(...history, accepted('m1', 1, sent))).to.deep.equal(['accepted-on-old-connection'])
  })

  it('lets a user with several devices receive on each, once', () => {
    const devices = ['phone', 'desk'].flatMap(device => [
      login('invoke', device, { device, limit: 2 }),
      login('ok', device, { device, limit: 2 }),
    ])
    const onPhone = received('m1', 1, { conn: 'phone' })
    const onDesk = received('m1', 1, { conn: 'desk' })
    expect(kinds(...devices, invoked('m1'), onPhone, onDesk)).to.be.empty
    expect(kinds(...devices, invoked('m1'), onPhone, onDesk, onPhone)).to.deep.equal(['duplicated'])
  })

  it('takes a newer login of the same device for its replacement', () => {
    const [again, device] = [{ limit: 2, device: 'phone' }, 'phone']
    const history = [login('invoke', 'b1', { device }), login('ok', 'b1', { device })]
    history.push(login('invoke', 'b2', again), login('ok', 'b2', again))
    expect(kinds(...history, invoked('m1'), onFirst)).to.deep.equal(['delivered-to-old-connection'])
  })

  it('finds a session version that went back, unless the logins overlap', () => {
    const [high, low] = [{ sv: 4 }, { sv: 3 }]
    const [asked, confirmed] = [login('invoke', 'b2', low), login('ok', 'b2', low)]
    const [askedHigh, confirmedHigh] = [login('invoke', 'b1', high), login('ok', 'b1', high)]
    expect(kinds(askedHigh, confirmedHigh, asked, confirmed)).to.deep.equal(['session-version'])
    expect(kinds(askedHigh, asked, confirmedHigh, confirmed)).to.be.empty
  })
})
