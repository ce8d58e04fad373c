import { expect } from 'chai'
import type { DirectEntry, Entry } from '../../protocol/entries.ts'
import { directConversation, directFeed } from '../../protocol/ids.ts'
import type { DeadLetter } from '../../storage/saved-message.ts'
import { auditEvent } from './audit.ts'
import { direct, newUser } from './message-log.ts'
import type { Context } from './store-context.ts'

/** The promises of DeadLetterStore. */
export function deadLetters({ store, save, bury }: Context): void {
  const letter = (seq: number, entry: unknown, more: Partial<DeadLetter> = {}): DeadLetter => ({
    seq,
    subject: 'im.direct.x',
    detail: 'refused',
    payload: Buffer.from(typeof entry === 'string' ? entry : JSON.stringify(entry)),
    ...more,
  })

  /** Three messages, of which the second could not be saved. */
  async function withHole(alice: string, bob: string): Promise<{ seqs: number[]; seq: number; lost: Entry }> {
    const wanted = ['one', 'two', 'three'].map(id => direct(alice, bob, id))
    const seqs = await save(wanted)
    const [seq = 0, lost] = [seqs[1], wanted[1]?.entry as Entry]
    await bury(letter(seq, lost))
    return { seqs, seq, lost }
  }

  it('are listed in their order, page by page, as they were in the log', async () => {
    const base = 10 ** 12
    const dedupeId = 'alice:a:1'
    await bury(letter(base + 2, 'second', { payload: Buffer.from([0, 255]) }))
    await bury(letter(base + 1, 'first', { dedupeId, detail: 'd'.repeat(2000), subject: 's'.repeat(300) }))
    const [first, second] = await store().deadLetters.list(base, 10)
    expect(first).to.include({ seq: base + 1, dedupeId })
    expect(first?.detail).to.have.length(1000)
    expect(Buffer.from(second?.payload ?? [])).to.deep.equal(Buffer.from([0, 255]))
    expect(second).not.to.have.property('dedupeId')
    expect(await store().deadLetters.list(base, 1)).to.have.length(1)
    expect(await store().deadLetters.list(base + 2, 10)).to.deep.equal([])
    expect((await store().deadLetters.find(base + 2))?.seq).to.equal(base + 2)
    for (const seq of [base + 1, base + 2])
      expect(await store().deadLetters.drop(seq, auditEvent('admin'))).to.equal(true)
    expect(await store().deadLetters.drop(base + 1, auditEvent('admin'))).to.equal(false)
    expect(await store().deadLetters.find(base + 1)).to.equal(undefined)
  })

  it('are stored at their own place, once, and told to the audit', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const { seqs, seq, lost } = await withHole(alice, bob)
    const event = auditEvent(alice, { event: 'dead-letter-replayed', by: 'admin' })
    const replay = () => store().deadLetters.replayEntry(seq, directFeed(bob), lost, event)
    const outcomes = await Promise.all([replay(), replay()])
    expect(outcomes.map(({ outcome }) => outcome).sort()).to.deep.equal(['gone', 'stored'])
    const { entries } = await store().messages.readFeed(directFeed(bob), 0, 10)
    expect(entries.map(found => [found.seq, (found.entry as DirectEntry).clientMsgId])).to.deep.equal([
      [seqs[0], 'one'],
      [seq, 'two'],
      [seqs[2], 'three'],
    ])
    const conversation = directConversation(alice, bob)
    const rows = (await store().messages.unread(bob)).conversations
    expect(rows).to.deep.equal([{ conversation, readSeq: 0, single: [], unread: 3 }])
    const [told] = await store().audit.list({ user: alice, before: 0, limit: 5 })
    expect(told).to.deep.include({
      event: 'dead-letter-replayed',
      by: 'admin',
      detail: { outcome: 'stored' },
    })
  })

  it('are not stored a second time when their sender has repeated them', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const { seqs, seq, lost } = await withHole(alice, bob)
    const [repeated = 0] = await save([direct(alice, bob, 'two')])
    const replay = () => store().deadLetters.replayEntry(seq, directFeed(bob), lost, auditEvent(alice))
    expect(await replay()).to.deep.equal({ outcome: 'already_stored' })
    expect(await store().deadLetters.find(seq)).to.equal(undefined)
    const { entries } = await store().messages.readFeed(directFeed(bob), 0, 10)
    expect(entries.map(found => found.seq)).to.deep.equal([seqs[0], seqs[2], repeated])
  })

  it('stay when they are no entries', async () => {
    const seq = 2 * 10 ** 12
    await bury(letter(seq, '{"kind":"direct"}'))
    for (const value of [{ kind: 'direct' }, { kind: 'weird', from: 'alice' }, {}]) {
      const event = auditEvent('admin')
      const result = await store().deadLetters.replayEntry(seq, 'direct.bob', value as Entry, event)
      expect(result).to.deep.equal({ outcome: 'refused', detail: 'not an entry' })
    }
    expect((await store().deadLetters.find(seq))?.seq).to.equal(seq)
    await store().deadLetters.drop(seq, auditEvent('admin'))
  })

  it('of the audit become events', async () => {
    const [seq, user] = [3 * 10 ** 12, newUser()]
    const lost = auditEvent(user, { event: 'login' })
    await bury(letter(seq, lost, { subject: 'im.event' }))
    const told = auditEvent(user, { event: 'dead-letter-replayed', by: 'admin' })
    expect(await store().deadLetters.replayEvent(seq, lost, told)).to.deep.equal({ outcome: 'stored' })
    expect(await store().deadLetters.replayEvent(seq, lost, told)).to.deep.equal({ outcome: 'gone' })
    const events = await store().audit.list({ user, before: 0, limit: 5 })
    expect(events.map(({ event }) => event)).to.deep.equal(['dead-letter-replayed', 'login'])
  })
}
