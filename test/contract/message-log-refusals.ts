import { expect } from 'chai'
import fc from 'fast-check'
import { type Appended, Superseded } from '../../messaging/message-log.ts'
import { repeatIdOf } from '../../protocol/entries.ts'
import { directFeed, userOwner } from '../../protocol/ids.ts'
import { type Context, direct, failure, newUser, ownership } from './message-log-context.ts'

/** More than any adapter takes. */
const TOO_LARGE = 'x'.repeat(5_000_000)

export function refusals({ log, users }: Context): void {
  it('stores what is before a refused entry and tries nothing after it', async () => {
    const [alice, bob] = users()
    const fence = await ownership(log(), alice)
    const refused = log().append(fence, [
      direct(alice, bob, 'a'),
      direct(alice, bob, 'b', { body: TOO_LARGE }),
      direct(alice, bob, 'c'),
    ])
    expect(await failure(refused)).to.be.instanceOf(Error)
    expect((await log().read(directFeed(bob), 0, 10)).map(({ entry }) => repeatIdOf(entry))).to.deep.equal([
      'a',
    ])
    const again = await log().append(fence, [direct(alice, bob, 'a'), direct(alice, bob, 'c')])
    expect(again.map(({ duplicate }) => duplicate)).to.deep.equal([true, false])
  })

  it('lets a refusal reach nobody but who asked', async () => {
    const bob = users()[1]
    const [good, stale, large] = [newUser(), newUser(), newUser()]
    const old = await ownership(log(), stale, 'one')
    await ownership(log(), stale, 'two')
    const [ofGood, ofLarge] = [await ownership(log(), good), await ownership(log(), large)]
    const [first, second, third] = await Promise.all([
      failure(log().append(old, [direct(stale, bob, 'a')])),
      failure(log().append(ofLarge, [direct(large, bob, 'a', { body: TOO_LARGE })])),
      log().append(ofGood, [direct(good, bob, 'a'), direct(good, bob, 'b')]),
    ])
    expect(first).to.be.instanceOf(Superseded)
    expect(second).to.be.instanceOf(Error)
    expect(third.map(({ duplicate }) => duplicate)).to.deep.equal([false, false])
    expect(await log().read(directFeed(bob), 0, 10)).to.have.length(2)
  })
}

/** Two activations of one owner that both think they may write. */
type Step =
  | { readonly by: 'one' | 'two'; readonly does: 'claim' }
  | { readonly by: 'one' | 'two'; readonly does: 'append'; readonly ids: number[] }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ by: fc.constantFrom('one' as const, 'two' as const), does: fc.constant('claim' as const) }),
  fc.record({
    by: fc.constantFrom('one' as const, 'two' as const),
    does: fc.constant('append' as const),
    ids: fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }),
  }),
)

export function anyHistory({ log }: Context): void {
  it('lets only the last claimant write, each id once, whatever two activations try', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async steps => {
        const [alice, bob] = [newUser(), newUser()]
        const owner = userOwner(alice)
        const epochs = { one: 0, two: 0 }
        let holder: 'one' | 'two' | undefined
        const seqs = new Map<number, number>()
        for (const next of steps) {
          if (next.does === 'claim') {
            const last = await log().lastClaim(owner)
            expect(last?.token).to.equal(holder)
            epochs[next.by] = await log().claim(owner, { token: next.by, body: null }, last?.epoch ?? 0)
            holder = next.by
            continue
          }
          const entries = next.ids.map(id => direct(alice, bob, `m${id}`))
          const answer = log().append({ owner, epoch: epochs[next.by] }, entries)
          if (next.by === holder) expectAppended(seqs, next.ids, await answer)
          else expect(await failure(answer)).to.be.instanceOf(Superseded)
        }
        const stored = (await log().read(directFeed(bob), 0, 100)).map(({ seq }) => seq)
        expect(stored).to.deep.equal([...seqs.values()])
      }),
      { numRuns: 30 },
    )
  })
}

function expectAppended(seqs: Map<number, number>, ids: number[], appended: readonly Appended[]): void {
  ids.forEach((id, n) => {
    const known = seqs.get(id)
    const { seq, duplicate } = appended[n] ?? expect.fail('no answer')
    expect(duplicate).to.equal(known !== undefined)
    if (known === undefined) seqs.set(id, seq)
    else expect(seq).to.equal(known)
  })
}
