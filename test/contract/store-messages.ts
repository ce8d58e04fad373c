import { expect } from 'chai'
import fc from 'fast-check'
import { directConversation, directFeed } from '../../protocol/ids.ts'
import { direct, newUser } from './message-log.ts'
import type { Context } from './store-context.ts'

export function messages({ store, save }: Context): void {
  it('gives entries back as they were', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const entries = [
      direct(alice, bob, 'plain'),
      direct(alice, bob, 'full', { mentions: [bob, 'carol'], replyTo: 7, important: true, msgType: 'IMAGE' }),
      direct(alice, bob, 'quotes', { body: `it's "so" \\' \\\\ ? ?? :x ; -- /* returning` }),
      direct(alice, bob, 'unicode', { body: 'héllo 世界 🙂 \u0000 \u2028' }),
      direct(alice, bob, 'x '),
      direct(alice, bob, 'x'),
      direct(alice, bob, 'large', { body: 'é'.repeat(100_000) }),
    ]
    const seqs = await save(entries)
    const expected = entries.map(({ feed, entry }, n) => ({ seq: seqs[n], feed, entry }))
    expect((await store().messages.readFeed(directFeed(bob), 0, 10)).entries).to.deep.equal(expected)
    expect(await store().messages.entry(seqs[1] ?? 0)).to.deep.equal(expected[1])
  })

  it('gives any text back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async body => {
        const [alice, bob] = [newUser(), newUser()]
        const [seq = 0] = await save([direct(alice, bob, 'a', { body })])
        expect((await store().messages.entry(seq))?.entry).to.have.property('body', body)
      }),
      { numRuns: 40 },
    )
  })

  it('reads a feed in order, after a seq, up to a limit, and says as of when', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const seqs = await save(Array.from({ length: 25 }, (_, n) => direct(alice, bob, `m${n}`)))
    const page = await store().messages.readFeed(directFeed(bob), seqs[4] ?? 0, 10)
    expect(page.entries.map(({ seq }) => seq)).to.deep.equal(seqs.slice(5, 15))
    expect(page.position).to.be.at.least(seqs.at(-1) ?? Number.POSITIVE_INFINITY)
    const end = await store().messages.readFeed(directFeed(bob), seqs.at(-1) ?? 0, 10)
    expect(end.entries).to.deep.equal([])
    expect(end.position).to.equal(await store().messages.position())
  })

  it('answers exactly what is up to the position it says, while more is being saved', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const stored: number[] = []
    let saving = true
    const saves = (async () => {
      for (let n = 0; n < 30; n += 1) {
        const entries = Array.from({ length: 5 }, (_, m) => direct(alice, bob, `${n}-${m}`))
        stored.push(...(await save(entries)))
      }
      saving = false
    })()
    const pages: { position: number; seqs: number[] }[] = []
    while (saving) {
      // The saver's turn: a database in this process may answer without giving anybody one.
      await new Promise(resolve => setImmediate(resolve))
      const page = await store().messages.readFeed(directFeed(bob), 0, 1000)
      pages.push({ position: page.position, seqs: page.entries.map(({ seq }) => seq) })
      const loaded = await store().users.load(bob)
      pages.push({ position: loaded.position, seqs: loaded.lastDirectSeq ? [loaded.lastDirectSeq] : [] })
    }
    await saves
    expect(pages.length).to.be.greaterThan(5)
    for (const { position, seqs } of pages) {
      const last = stored.filter(seq => seq <= position).at(-1)
      expect(seqs.at(-1)).to.equal(last)
    }
  })

  it('knows no entry under a seq that was never given', async () => {
    expect(await store().messages.entry(Number.MAX_SAFE_INTEGER)).to.equal(undefined)
  })

  it('answers a sender’s last ids, newest first', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const ids = ['one', 'two ', 'Three', 'four:4']
    const seqs = await save([...ids.map(id => direct(alice, bob, id)), direct(bob, alice, 'of another')])
    const expected = ids.map((id, n) => [id, seqs[n]]).reverse()
    expect(await store().messages.recentIds(alice, 10)).to.deep.equal(expected)
    expect(await store().messages.recentIds(alice, 2)).to.deep.equal(expected.slice(0, 2))
    expect(await store().messages.recentIds(newUser(), 2)).to.deep.equal([])
  })

  it('shows a conversation’s history from the newest back, both directions', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const conversation = directConversation(alice, bob)
    const seqs = await save([
      ...Array.from({ length: 12 }, (_, n) =>
        n % 3 === 0 ? direct(bob, alice, `m${n}`) : direct(alice, bob, `m${n}`),
      ),
      direct(alice, newUser(), 'elsewhere'),
    ])
    const newestFirst = seqs.slice(0, 12).reverse()
    const history = async (before: number, limit: number) =>
      (await store().messages.history(conversation, before, limit)).map(({ seq }) => seq)
    expect(await history(0, 5)).to.deep.equal(newestFirst.slice(0, 5))
    expect(await history(newestFirst[4] ?? 0, 5)).to.deep.equal(newestFirst.slice(5, 10))
    expect(await history(newestFirst[11] ?? 0, 5)).to.deep.equal([])
    for (const page of [0, 1, 2, 3]) {
      const { total, entries } = await store().messages.historyPage(conversation, page, 5)
      expect(total).to.equal(12)
      expect(entries.map(({ seq }) => seq)).to.deep.equal(newestFirst.slice(page * 5, page * 5 + 5))
    }
    expect(await store().messages.historyPage(`direct:${newUser()}:z`, 0, 5)).to.deep.equal({
      total: 0,
      entries: [],
    })
  })
}
