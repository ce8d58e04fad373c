import { expect } from 'chai'
import type { LogEntry } from '../../messaging/message-log.ts'
import { repeatIdOf } from '../../protocol/entries.ts'
import { directFeed } from '../../protocol/ids.ts'
import { eventually } from '../support/eventually.ts'
import { type Context, direct, newUser, ownership } from './message-log-context.ts'

export function repeats({ log, users, restart }: Context): void {
  it('answers a repeat with the first seq, in the same append, a later one and after a restart', async () => {
    const [alice, bob] = users()
    const fence = await ownership(log(), alice)
    const [first] = await log().append(fence, [direct(alice, bob, 'a')])
    const seq = first?.seq ?? expect.fail('not appended')
    expect(first).to.deep.equal({ seq, duplicate: false })
    const again = await log().append(fence, [
      direct(alice, bob, 'a'),
      direct(alice, bob, 'b'),
      direct(alice, bob, 'b'),
    ])
    expect(again.map(appended => appended.duplicate)).to.deep.equal([true, false, true])
    expect(again[0]?.seq).to.equal(seq)
    expect(again[2]?.seq).to.equal(again[1]?.seq)
    await restart()
    expect(await log().append(fence, [direct(alice, bob, 'a')])).to.deep.equal([{ seq, duplicate: true }])
    expect(await log().read(directFeed(bob), 0, 10)).to.have.length(2)
  })

  it('keeps the first entry when a repeat differs, for the caller to compare', async () => {
    const [alice, bob] = users()
    const fence = await ownership(log(), alice)
    const [first] = await log().append(fence, [direct(alice, bob, 'a', { body: 'first' })])
    const [second] = await log().append(fence, [direct(alice, bob, 'a', { body: 'second' })])
    expect(second).to.deep.equal({ seq: first?.seq, duplicate: true })
    expect((await log().entry(first?.seq ?? 0))?.entry).to.have.property('body', 'first')
  })

  it('takes the same id of two senders, and ids of any printable characters, as different', async () => {
    const [alice, bob] = users()
    const [ofAlice, ofBob] = [await ownership(log(), alice), await ownership(log(), bob)]
    const ids = ['x', 'X', 'x ', ' x', "'", '"', '\\', '%', '?', '*', '>', ':', 'a'.repeat(128)]
    const mine = await log().append(
      ofAlice,
      ids.map(id => direct(alice, bob, id)),
    )
    const others = await log().append(
      ofBob,
      ids.map(id => direct(bob, alice, id)),
    )
    expect([...mine, ...others].filter(appended => appended.duplicate)).to.deep.equal([])
    expect((await log().read(directFeed(bob), 0, 20)).map(({ entry }) => repeatIdOf(entry))).to.deep.equal(
      ids,
    )
  })
}

export function reading({ log, users, restart, followed }: Context): void {
  it('takes the largest messages that clients may send, whatever their characters are in JSON', async () => {
    const [alice, bob] = users()
    const fence = await ownership(log(), alice)
    const heard = await followed(directFeed(bob))
    const bodies = ['x'.repeat(1_048_000), '\u0001'.repeat(499_990), '\u{1f600}'.repeat(262_000)]
    for (const [n, body] of bodies.entries())
      await log().append(fence, [direct(alice, bob, `m${n}`, { body })])
    const bodyOf = ({ entry }: LogEntry) => ('body' in entry ? entry.body : '')
    await eventually(() => expect(heard.map(bodyOf)).to.deep.equal(bodies))
    const read: string[] = []
    for (let after = 0; read.length < bodies.length; ) {
      const page = await log().read(directFeed(bob), after, 10)
      read.push(...page.map(bodyOf))
      after = page.at(-1)?.seq ?? expect.fail('nothing more')
    }
    expect(read).to.deep.equal(bodies)
  })

  it('gives entries back as they were, now and after a restart', async () => {
    const [alice, bob] = users()
    const fence = await ownership(log(), alice)
    const entries = [
      direct(alice, bob, 'plain'),
      direct(alice, bob, 'full', { mentions: [bob, 'carol'], replyTo: 7, important: true, msgType: 'IMAGE' }),
      direct(alice, bob, 'text', { body: 'héllo 世界 🙂\n\t"\\\' \u0000 \u2028 end' }),
      direct(alice, bob, 'empty', { body: '', mentions: [], important: false }),
    ]
    const appended = await log().append(fence, entries)
    const expected = entries.map(({ feed, entry }, n) => ({ seq: appended[n]?.seq, feed, entry }))
    expect(await log().read(directFeed(bob), 0, 10)).to.deep.equal(expected)
    await restart()
    expect(await log().read(directFeed(bob), 0, 10)).to.deep.equal(expected)
    expect(await log().entry(appended[1]?.seq ?? 0)).to.deep.equal(expected[1])
  })

  it('reads what is after a seq, up to a limit, of one feed only', async () => {
    const [alice, bob] = users()
    const fence = await ownership(log(), alice)
    const carol = newUser()
    const ids = Array.from({ length: 10 }, (_, n) => `m${n}`)
    const appended = await log().append(
      fence,
      ids.flatMap(id => [direct(alice, bob, id), direct(alice, carol, `${id}-carol`)]),
    )
    const seqs = appended.filter((_, n) => n % 2 === 0).map(({ seq }) => seq)
    const page = await log().read(directFeed(bob), seqs[2] ?? 0, 3)
    expect(page.map(entry => entry.seq)).to.deep.equal(seqs.slice(3, 6))
    expect(await log().read(directFeed(bob), seqs.at(-1) ?? 0, 3)).to.deep.equal([])
    expect(await log().read(directFeed(newUser()), 0, 3)).to.deep.equal([])
  })

  it('has no entry under a seq that was never given or is a claim', async () => {
    const { epoch } = await ownership(log(), users()[0])
    expect(await log().entry(Number.MAX_SAFE_INTEGER)).to.equal(undefined)
    const claimed = await log().entry(epoch)
    expect(claimed === undefined || claimed.entry.from !== users()[0]).to.equal(true)
  })

  it('goes on with higher seqs after a restart', async () => {
    const [alice, bob] = users()
    const fence = await ownership(log(), alice)
    const [before] = await log().append(fence, [direct(alice, bob, 'a')])
    await restart()
    const [after] = await log().append(fence, [direct(alice, bob, 'b')])
    expect(after?.seq).to.be.greaterThan(before?.seq ?? Number.POSITIVE_INFINITY)
  })
}

export function following({ log, users, followed }: Context): void {
  it('shows a follower every entry of its feed from then on, once and in order', async () => {
    const [alice, bob] = users()
    const fence = await ownership(log(), alice)
    await log().append(fence, [direct(alice, bob, 'before')])
    const seen = await followed(directFeed(bob))
    const ids = Array.from({ length: 300 }, (_, n) => `m${n}`)
    for (let start = 0; start < ids.length; start += 30) {
      await log().append(
        fence,
        ids.slice(start, start + 30).map(id => direct(alice, bob, id)),
      )
    }
    await log().append(fence, [direct(alice, bob, 'm0'), direct(alice, newUser(), 'other')])
    await eventually(() => expect(seen).to.have.length.at.least(ids.length))
    expect(seen.map(({ entry }) => repeatIdOf(entry))).to.deep.equal(ids)
    expect(seen).to.deep.equal((await log().read(directFeed(bob), 0, 1000)).slice(1))
  })

  it('shows it what many owners append at once, in the order of the log', async () => {
    const bob = users()[1]
    const senders = Array.from({ length: 20 }, newUser)
    const fences = await Promise.all(senders.map(sender => ownership(log(), sender)))
    const seen = await followed(directFeed(bob))
    const answers = await Promise.all(
      senders.map(async (sender, n) => {
        const seqs: number[] = []
        for (let m = 0; m < 10; m += 1) {
          const fence = fences[n] ?? expect.fail('no fence')
          const appended = await log().append(fence, [direct(sender, bob, `m${m}`)])
          seqs.push(...appended.map(({ seq }) => seq))
        }
        return seqs
      }),
    )
    for (const seqs of answers) expect(seqs).to.deep.equal(seqs.toSorted((a, b) => a - b))
    const all = answers.flat().sort((a, b) => a - b)
    expect(new Set(all).size).to.equal(200)
    await eventually(() => expect(seen.map(({ seq }) => seq)).to.deep.equal(all))
    expect((await log().read(directFeed(bob), 0, 1000)).map(({ seq }) => seq)).to.deep.equal(all)
  })

  it('shows a stopped follower nothing more', async () => {
    const [alice, bob] = users()
    const fence = await ownership(log(), alice)
    const after: LogEntry[] = []
    const stopped = log().follow(directFeed(bob), entry => after.push(entry))
    const seen = await followed(directFeed(bob))
    stopped.stop()
    await log().append(fence, [direct(alice, bob, 'a')])
    await eventually(() => expect(seen).to.have.length(1))
    expect(after).to.deep.equal([])
  })
}
