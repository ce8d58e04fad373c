import { expect } from 'chai'
import fc from 'fast-check'
import type { NewEntry } from '../../messaging/message-log.ts'
import { directConversation, directFeed } from '../../protocol/ids.ts'
import type { Store } from '../../storage/store.ts'
import { groupStore } from './group-store.ts'
import { direct, newUser } from './message-log.ts'

/** A store, and the way entries get into it: by the log or by a saver. */
export interface StoreHarness {
  readonly store: Store
  /** Stores the entries in this order; answers their seqs. */
  save(entries: readonly NewEntry[]): Promise<number[]>
  close(): Promise<void>
}

export interface Context {
  readonly store: () => Store
  readonly save: (entries: readonly NewEntry[]) => Promise<number[]>
}

/** The promises of storage/store.ts. */
export function storeContract(name: string, make: () => Promise<StoreHarness>): void {
  describe(`the store (${name})`, function () {
    this.timeout(60_000)
    let harness: StoreHarness
    before(async () => {
      harness = await make()
    })
    after(() => harness?.close())

    const context: Context = {
      store: () => harness.store,
      save: entries => harness.save(entries),
    }
    it('answers, and may be migrated again', async () => {
      await harness.store.migrate()
      await harness.store.ping()
    })
    describe('users', () => sessions(context))
    describe('cursors', () => cursors(context))
    describe('messages', () => messages(context))
    describe('unread', () => unread(context))
    describe('groups', () => groupStore(context))
    describe('accounts', () => accounts(context))
    describe('refresh tokens', () => refreshTokens(context))
  })
}

function sessions({ store, save }: Context): void {
  it('starts a user without rows from nothing', async () => {
    const { position, ...rest } = await store().users.load(newUser())
    expect(position).to.be.at.least(0)
    expect(rest).to.deep.equal({ sessionVersion: 0, delivered: [], lastDirectSeq: 0, memberships: [] })
    expect(await store().users.sessionVersion(newUser())).to.equal(0)
  })

  it('only raises a session version', async () => {
    const user = newUser()
    expect(await store().users.raiseSessionVersion(user, 5)).to.equal(5)
    expect(await store().users.raiseSessionVersion(user, 3)).to.equal(5)
    expect(await store().users.nextSessionVersion(user)).to.equal(6)
    expect(await store().users.raiseSessionVersion(user, 2 ** 50)).to.equal(2 ** 50)
    expect(await store().users.sessionVersion(user)).to.equal(2 ** 50)
    expect((await store().users.load(user)).sessionVersion).to.equal(2 ** 50)
  })

  it('gives every login a version of its own', async () => {
    const user = newUser()
    const versions = await Promise.all(
      Array.from({ length: 20 }, () => store().users.nextSessionVersion(user)),
    )
    expect(versions.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 20 }, (_, n) => n + 1))
  })

  it('tells users apart whose ids differ in case only', async () => {
    const user = newUser()
    const [upper, lower] = [`${user}-A1`, `${user}-a1`]
    await store().users.raiseSessionVersion(upper, 7)
    expect(await store().users.sessionVersion(lower)).to.equal(0)
    await store().users.saveCursors({
      delivered: [
        { user: upper, device: 'd', feed: directFeed(upper), seq: 1 },
        { user: upper, device: 'D', feed: directFeed(upper), seq: 2 },
        { user: lower, device: 'd', feed: directFeed(lower), seq: 3 },
      ],
      read: [],
    })
    expect((await store().users.load(upper)).delivered).to.have.length(2)
    await save([direct(upper, lower, 'a'), direct(lower, upper, 'a')])
    expect((await store().messages.readFeed(directFeed(lower), 0, 10)).entries).to.have.length(1)
  })

  it('loads the last seq of the user’s own feed together with the position', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const seqs = await save([direct(alice, bob, 'a'), direct(alice, bob, 'b'), direct(bob, alice, 'c')])
    const loaded = await store().users.load(bob)
    expect(loaded.lastDirectSeq).to.equal(seqs[1])
    expect(loaded.position).to.be.at.least(seqs[2] ?? Number.POSITIVE_INFINITY)
  })
}

function cursors({ store }: Context): void {
  it('keeps the highest of what was written, in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ device: fc.constantFrom('phone', 'web'), seq: fc.integer({ min: 1, max: 50 }) }),
          {
            minLength: 1,
            maxLength: 20,
          },
        ),
        async written => {
          const user = newUser()
          const feed = directFeed(user)
          for (const { device, seq } of written) {
            await store().users.saveCursors({ delivered: [{ user, device, feed, seq }], read: [] })
          }
          const { delivered } = await store().users.load(user)
          for (const cursor of delivered) {
            const seqs = written.filter(({ device }) => device === cursor.device).map(({ seq }) => seq)
            expect(cursor).to.deep.equal({ device: cursor.device, feed, seq: Math.max(...seqs) })
          }
          expect(delivered).to.have.length(new Set(written.map(({ device }) => device)).size)
        },
      ),
      { numRuns: 15 },
    )
  })

  it('takes thousands at once, also the same one more than once', async () => {
    const user = newUser()
    const delivered = Array.from({ length: 2500 }, (_, n) => ({
      user,
      device: `d${n % 1250}`,
      feed: directFeed(user),
      seq: n + 1,
    }))
    await store().users.saveCursors({ delivered, read: [] })
    const loaded = (await store().users.load(user)).delivered
    expect(loaded).to.have.length(1250)
    expect(Math.min(...loaded.map(({ seq }) => seq))).to.equal(1251)
  })

  it('has nothing to do for an empty batch', async () => {
    await store().users.saveCursors({ delivered: [], read: [] })
  })

  it('takes many writers of the same rows at once', async () => {
    const users = Array.from({ length: 50 }, newUser)
    const batch = (seq: number) => ({
      delivered: users.map(user => ({ user, device: 'd', feed: directFeed(user), seq })),
      read: users.map(user => ({ user, conversation: `direct:${user}:z`, seq, single: [] })),
    })
    await Promise.all([3, 1, 4, 2].map(seq => store().users.saveCursors(batch(seq))))
    for (const user of users) expect((await store().users.load(user)).delivered[0]?.seq).to.equal(4)
  })

  it('keeps the later read cursor with its single seqs; at the same one, the larger set', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const conversation = directConversation(alice, bob)
    const write = (seq: number, single: number[]) =>
      store().users.saveCursors({ delivered: [], read: [{ user: bob, conversation, seq, single }] })
    const read = async () => {
      const [row] = (await store().messages.unread(bob)).conversations
      return [row?.readSeq, row?.single]
    }
    await write(10, [12, 15])
    await write(9, [20, 21, 22])
    expect(await read()).to.deep.equal([10, [12, 15]])
    await write(10, [12])
    expect(await read()).to.deep.equal([10, [12, 15]])
    await write(10, [12, 15, 17])
    expect(await read()).to.deep.equal([10, [12, 15, 17]])
    await write(17, [])
    expect(await read()).to.deep.equal([17, []])
  })
}

function messages({ store, save }: Context): void {
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

/** What happens to a user's conversations, with the other side as a number. */
type Step =
  | { readonly does: 'send' | 'receive'; readonly peer: number }
  | { readonly does: 'read'; readonly peer: number; readonly back: number }
  | { readonly does: 'single'; readonly peer: number; readonly picks: number[] }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant('receive' as const), peer: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('send' as const), peer: fc.nat(2) }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('read' as const), peer: fc.nat(2), back: fc.nat(3) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('single' as const),
      peer: fc.nat(2),
      picks: fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }),
    }),
  },
)

/** A conversation as a list, counted the slow way. */
class Model {
  readonly messages: { seq: number; mine: boolean }[] = []
  read = 0
  single: number[] = []

  get readSeq(): number {
    return Math.max(this.read, ...this.messages.filter(({ mine }) => mine).map(({ seq }) => seq))
  }

  get unread(): number {
    return this.messages.filter(({ seq }) => seq > this.readSeq && !this.single.includes(seq)).length
  }
}

function unread({ store, save }: Context): void {
  it('counts what lies after the read cursor or the user’s own last message, without single ones', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async steps => {
        const me = newUser()
        const peers = Array.from({ length: 3 }, () => ({ name: newUser(), model: new Model() }))
        for (const [n, next] of steps.entries()) {
          const { name, model } = peers[next.peer] ?? expect.fail('no peer')
          await play(next, `m${n}`, me, name, model)
        }
        const { conversations, position } = await store().messages.unread(me)
        expect(position).to.be.at.least(Math.max(0, ...peers.flatMap(p => p.model.messages.map(m => m.seq))))
        for (const { name, model } of peers) {
          const row = conversations.find(found => found.conversation === directConversation(me, name))
          if (!row) {
            expect(model.messages).to.deep.equal([])
            continue
          }
          expect([row.readSeq, row.unread]).to.deep.equal([model.readSeq, model.unread])
          expect(row.single).to.deep.equal(model.single.filter(seq => seq > model.readSeq))
        }
      }),
      { numRuns: 30 },
    )
  })

  async function play(next: Step, id: string, me: string, peer: string, model: Model): Promise<void> {
    const conversation = directConversation(me, peer)
    const write = () =>
      store().users.saveCursors({
        delivered: [],
        read: [{ user: me, conversation, seq: model.read, single: model.single }],
      })
    switch (next.does) {
      case 'send':
      case 'receive': {
        const mine = next.does === 'send'
        const [seq = 0] = await save([mine ? direct(me, peer, id) : direct(peer, me, id)])
        model.messages.push({ seq, mine })
        return
      }
      case 'read': {
        const seq = model.messages.at(-1 - next.back)?.seq ?? 0
        if (seq <= model.read) return
        model.read = seq
        model.single = model.single.filter(other => other > seq)
        return write()
      }
      case 'single': {
        const seqs = next.picks.flatMap(pick => model.messages.at(-1 - pick)?.seq ?? [])
        const single = new Set([...model.single, ...seqs.filter(seq => seq > model.read)])
        if (single.size === 0) return
        model.single = [...single].sort((a, b) => a - b)
        return write()
      }
      default:
        return next satisfies never
    }
  }

  it('lists a conversation for both sides from its first message on', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const [seq = 0] = await save([direct(alice, bob, 'a')])
    const conversation = directConversation(alice, bob)
    const rows = async (user: string) => (await store().messages.unread(user)).conversations
    expect(await rows(bob)).to.deep.equal([{ conversation, readSeq: 0, single: [], unread: 1 }])
    expect(await rows(alice)).to.deep.equal([{ conversation, readSeq: seq, single: [], unread: 0 }])
    expect(await rows(newUser())).to.deep.equal([])
  })
}

function accounts({ store }: Context): void {
  it('gives ids in order from 10001, a name once, also in a race', async () => {
    const names = Array.from({ length: 5 }, newUser)
    const created = []
    for (const name of names) created.push(await store().accounts.create(name, `hash of ${name}`))
    const ids = created.map(account => account?.userId ?? 0)
    expect(ids[0]).to.be.at.least(10_001)
    expect(ids).to.deep.equal(ids.toSorted((a, b) => a - b))
    const name = newUser()
    const raced = await Promise.all(
      Array.from({ length: 8 }, (_, n) => store().accounts.create(name, `${n}`)),
    )
    const winners = raced.filter(account => account !== undefined)
    expect(winners).to.have.length(1)
    expect(await store().accounts.byUsername(name)).to.deep.equal(winners[0])
  })

  it('finds an account by name and by id, as it was created', async () => {
    const username = `${newUser()} Ünï "q" ' returning`
    const account = await store().accounts.create(username, 'hash')
    const userId = account?.userId ?? expect.fail('not created')
    const expected = { userId, username, passwordHash: 'hash', failedLogins: 0, lastFailureAt: 0 }
    expect(account).to.deep.equal(expected)
    expect(await store().accounts.byUsername(username)).to.deep.equal(expected)
    expect(await store().accounts.byId(userId)).to.deep.equal(expected)
    expect(await store().accounts.byUsername(username.toUpperCase())).to.equal(undefined)
    expect(await store().accounts.byId(1)).to.equal(undefined)
  })

  it('counts failed logins until one succeeds', async () => {
    const { userId = 0, username = '' } = (await store().accounts.create(newUser(), 'hash')) ?? {}
    expect(await store().accounts.recordLogin(userId, true, 1000)).to.equal(1)
    expect(await store().accounts.recordLogin(userId, true, 2000)).to.equal(2)
    const failed = await store().accounts.byUsername(username)
    expect([failed?.failedLogins, failed?.lastFailureAt]).to.deep.equal([2, 2000])
    expect(await store().accounts.recordLogin(userId, false, 3000)).to.equal(0)
    const succeeded = await store().accounts.byUsername(username)
    expect([succeeded?.failedLogins, succeeded?.lastFailureAt]).to.deep.equal([0, 0])
  })

  it('counts failures that come at once', async () => {
    const { userId = 0 } = (await store().accounts.create(newUser(), 'hash')) ?? {}
    await Promise.all(Array.from({ length: 10 }, () => store().accounts.recordLogin(userId, true, 5)))
    expect((await store().accounts.byId(userId))?.failedLogins).to.equal(10)
  })
}

function refreshTokens({ store }: Context): void {
  let count = 0
  const token = (family: string, expiresAt = 5000) => {
    count += 1
    return { hash: `${family}-${count}`, userId: 1, family, sessionVersion: 3, expiresAt }
  }

  it('lets a token be used once, and a second use revoke its family', async () => {
    const family = newUser()
    const [first, second] = [token(family), token(family)]
    await store().accounts.addRefreshToken(first)
    expect(await store().accounts.useRefreshToken(first.hash, 1000)).to.deep.equal({
      outcome: 'used',
      token: first,
    })
    await store().accounts.addRefreshToken(second)
    expect(await store().accounts.useRefreshToken(first.hash, 1001)).to.deep.equal({ outcome: 'reused' })
    expect(await store().accounts.useRefreshToken(second.hash, 1002)).to.deep.equal({ outcome: 'revoked' })
  })

  it('bears no valid token in a family that has been revoked', async () => {
    const family = newUser()
    const [first, second] = [token(family), token(family)]
    await store().accounts.addRefreshToken(first)
    await store().accounts.useRefreshToken(first.hash, 1000)
    await store().accounts.useRefreshToken(first.hash, 1000)
    await store().accounts.addRefreshToken(second)
    expect(await store().accounts.useRefreshToken(second.hash, 1000)).to.deep.equal({ outcome: 'revoked' })
  })

  it('knows expired and unknown tokens', async () => {
    const expired = token(newUser(), 1000)
    await store().accounts.addRefreshToken(expired)
    expect(await store().accounts.useRefreshToken(expired.hash, 1000)).to.deep.equal({ outcome: 'expired' })
    expect(await store().accounts.useRefreshToken('nobody’s', 1000)).to.deep.equal({ outcome: 'unknown' })
  })

  it('lets one of many uses at once succeed', async () => {
    const raced = token(newUser())
    await store().accounts.addRefreshToken(raced)
    const uses = await Promise.all(
      Array.from({ length: 8 }, () => store().accounts.useRefreshToken(raced.hash, 1000)),
    )
    expect(uses.filter(({ outcome }) => outcome === 'used')).to.have.length(1)
  })

  it('revokes all tokens of a user and nobody else’s', async () => {
    const [mine, other] = [
      { ...token(newUser()), userId: 41 },
      { ...token(newUser()), userId: 42 },
    ]
    for (const added of [mine, other]) await store().accounts.addRefreshToken(added)
    await store().accounts.revokeRefreshTokens(41)
    expect(await store().accounts.useRefreshToken(mine.hash, 1000)).to.deep.equal({ outcome: 'revoked' })
    expect((await store().accounts.useRefreshToken(other.hash, 1000)).outcome).to.equal('used')
  })
}
