import { expect } from 'chai'
import fc from 'fast-check'
import {
  type Appended,
  type Fence,
  type LogEntry,
  type MessageLog,
  type NewEntry,
  Superseded,
} from '../../messaging/message-log.ts'
import { type DirectEntry, repeatIdOf } from '../../protocol/entries.ts'
import { directFeed, userOwner } from '../../protocol/ids.ts'
import { eventually } from '../support/nats-server.ts'

/** A log and its process: `restart` gives what the next process finds. */
export interface LogHarness {
  readonly log: MessageLog
  restart(): Promise<MessageLog>
  close(): Promise<void>
}

let names = 0
/** A user no other test has heard of, on a log that outlives tests. */
export const newUser = (): string => `u${process.pid}-${Date.now().toString(36)}-${++names}`

export function direct(from: string, to: string, id: string, more: Partial<DirectEntry> = {}): NewEntry {
  const entry: DirectEntry = {
    kind: 'direct',
    from,
    to,
    clientMsgId: id,
    body: `body of ${id}`,
    msgType: 'TEXT',
    ts: 1_700_000_000_000,
    ...more,
  }
  return { feed: directFeed(to), dedupeId: `${from}:${id}`, entry }
}

/** A fence of a fresh claim. */
export async function ownership(log: MessageLog, user: string, token = `token-${user}`): Promise<Fence> {
  const owner = userOwner(user)
  const last = await log.lastClaim(owner)
  return { owner, epoch: await log.claim(owner, { token, body: null }, last?.epoch ?? 0) }
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    error => error,
  )

/** The promises of messaging/message-log.ts. */
export function messageLogContract(name: string, make: () => Promise<LogHarness>): void {
  describe(`the log (${name})`, () => {
    let harness: LogHarness
    let log: MessageLog
    let alice: string
    let bob: string

    before(async () => {
      harness = await make()
      log = harness.log
    })
    beforeEach(() => {
      alice = newUser()
      bob = newUser()
    })
    after(() => harness?.close())

    async function restart(): Promise<void> {
      log = await harness.restart()
    }

    async function followed(feed: string): Promise<LogEntry[]> {
      const seen: LogEntry[] = []
      log.follow(feed, entry => seen.push(entry))
      await log.flush()
      return seen
    }

    const context = { log: () => log, users: () => [alice, bob] as const, restart, followed }
    claims(context)
    fences(context)
    repeats(context)
    reading(context)
    following(context)
    refusals(context)
    anyHistory(context)
  })
}

interface Context {
  readonly log: () => MessageLog
  readonly users: () => readonly [alice: string, bob: string]
  readonly restart: () => Promise<void>
  readonly followed: (feed: string) => Promise<LogEntry[]>
}

function claims({ log, users, restart }: Context): void {
  it('knows no claim of an owner nobody claimed', async () => {
    expect(await log().lastClaim(userOwner(users()[0]))).to.equal(undefined)
  })

  it('answers the last claim with its token and body, also to the next process', async () => {
    const owner = userOwner(users()[0])
    const body = { route: [{ connId: 'c1', gatewayId: 'g' }] }
    const first = await log().claim(owner, { token: 'one', body: null }, 0)
    const second = await log().claim(owner, { token: 'one', body }, first)
    expect(second).to.be.greaterThan(first)
    expect(await log().lastClaim(owner)).to.deep.equal({ token: 'one', body, epoch: second })
    await restart()
    expect(await log().lastClaim(owner)).to.deep.equal({ token: 'one', body, epoch: second })
  })

  it('refuses a claim that expects another than the last one', async () => {
    const owner = userOwner(users()[0])
    const epoch = await log().claim(owner, { token: 'one', body: null }, 0)
    expect(await failure(log().claim(owner, { token: 'two', body: null }, 0))).to.be.instanceOf(Superseded)
    expect(await failure(log().claim(owner, { token: 'two', body: null }, epoch + 1))).to.be.instanceOf(
      Superseded,
    )
    expect((await log().lastClaim(owner))?.token).to.equal('one')
  })

  it('takes a claim again whose answer was lost', async () => {
    const owner = userOwner(users()[0])
    await log().claim(owner, { token: 'one', body: 1 }, 0)
    const epoch = await log().claim(owner, { token: 'one', body: 1 }, 0)
    expect(await log().lastClaim(owner)).to.deep.equal({ token: 'one', body: 1, epoch })
  })

  it('tells the holder once when somebody else claims, and not of its own renewals', async () => {
    const owner = userOwner(users()[0])
    let told = 0
    let epoch = await log().claim(owner, { token: 'one', body: null }, 0)
    log().watchClaims(owner, 'one', () => {
      told += 1
    })
    let stoppedTold = 0
    const stopped = log().watchClaims(owner, 'one', () => {
      stoppedTold += 1
    })
    await log().flush()
    stopped.stop()
    epoch = await log().claim(owner, { token: 'one', body: null }, epoch)
    expect(told).to.equal(0)
    epoch = await log().claim(owner, { token: 'two', body: null }, epoch)
    await eventually(() => expect(told).to.equal(1))
    await log().claim(owner, { token: 'three', body: null }, epoch)
    expect([told, stoppedTold]).to.deep.equal([1, 0])
  })
}

function fences({ log, users, restart }: Context): void {
  it('refuses an append without the last claim, and leaves no trace of it', async () => {
    const [alice, bob] = users()
    const owner = userOwner(alice)
    const old = await ownership(log(), alice, 'one')
    expect(await failure(log().append({ owner, epoch: old.epoch + 1 }, [direct(alice, bob, 'a')])))
      .to.be //
      .instanceOf(Superseded)
    const current = await ownership(log(), alice, 'two')
    expect(await failure(log().append(old, [direct(alice, bob, 'b')]))).to.be.instanceOf(Superseded)
    expect(await log().read(directFeed(bob), 0, 10)).to.deep.equal([])
    const [appended] = await log().append(current, [direct(alice, bob, 'b')])
    expect(appended?.duplicate).to.equal(false)
  })

  it('refuses an owner who never claimed', async () => {
    const [alice, bob] = users()
    const fence = { owner: userOwner(alice), epoch: 0 }
    expect(await failure(log().append(fence, [direct(alice, bob, 'a')]))).to.be.instanceOf(Superseded)
  })

  it('takes appends under a claim of before a restart', async () => {
    const [alice, bob] = users()
    const fence = await ownership(log(), alice)
    await restart()
    expect(await log().append(fence, [direct(alice, bob, 'a')])).to.have.length(1)
  })
}

function repeats({ log, users, restart }: Context): void {
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

function reading({ log, users, restart }: Context): void {
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

function following({ log, users, followed }: Context): void {
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

/** More than any adapter takes. */
const TOO_LARGE = 'x'.repeat(5_000_000)

function refusals({ log, users }: Context): void {
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

function anyHistory({ log }: Context): void {
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
