import { expect } from 'chai'
import fc from 'fast-check'
import { directConversation, directFeed } from '../../protocol/ids.ts'
import { direct, newUser } from './message-log.ts'
import type { Context } from './store-context.ts'

export function sessions({ store, save }: Context): void {
  it('starts a user without rows from nothing', async () => {
    const { position, ...rest } = await store().users.load(newUser())
    expect(position).to.be.at.least(0)
    expect(rest).to.deep.equal({
      sessionVersion: 0,
      delivered: [],
      single: [],
      lastDirectSeq: 0,
      memberships: [],
    })
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

  it('loads many users at once, each with what is theirs', async () => {
    const users = Array.from({ length: 300 }, () => newUser())
    const lone = newUser()
    for (const [index, user] of users.slice(0, 20).entries())
      await store().users.raiseSessionVersion(user, index + 1)
    await store().users.saveCursors({
      delivered: users.map((user, index) => ({ user, device: 'd', feed: directFeed(user), seq: index + 1 })),
      read: users.map((user, index) => ({
        user,
        conversation: directConversation(user, lone),
        seq: 1,
        single: [index + 10],
      })),
    })
    const seqs = await save(users.slice(0, 3).map((user, index) => direct(lone, user, `m${index}`)))
    const loaded = await Promise.all([...users, lone].map(user => store().users.load(user)))
    expect(loaded.pop()).to.deep.include({ sessionVersion: 0, delivered: [], single: [] })
    for (const [index, rows] of loaded.entries()) {
      const user = users[index] ?? expect.fail('no user')
      expect(rows.position).to.be.at.least(seqs.at(-1) ?? 0)
      expect(rows.sessionVersion).to.equal(index < 20 ? index + 1 : 0)
      expect(rows.lastDirectSeq).to.equal(seqs[index] ?? 0)
      expect(rows.delivered).to.deep.equal([{ device: 'd', feed: directFeed(user), seq: index + 1 }])
      const conversation = directConversation(user, lone)
      expect(rows.single).to.deep.equal([{ conversation, seqs: [index + 10] }])
    }
  })

  it('loads the last seq of the user’s own feed together with the position', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const seqs = await save([direct(alice, bob, 'a'), direct(alice, bob, 'b'), direct(bob, alice, 'c')])
    const loaded = await store().users.load(bob)
    expect(loaded.lastDirectSeq).to.equal(seqs[1])
    expect(loaded.position).to.be.at.least(seqs[2] ?? Number.POSITIVE_INFINITY)
  })
}

export function cursors({ store, save }: Context): void {
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

  it('lists a user’s direct partners; of too many, those who have written last', async () => {
    const [user, early, late, reader, elsewhere] = [newUser(), newUser(), newUser(), newUser(), newUser()]
    await save([
      direct(early, user, 'm1'),
      direct(user, early, 'm2'),
      direct(late, user, 'm3'),
      direct(early, elsewhere, 'm4'),
    ])
    const conversation = directConversation(user, reader)
    await store().users.saveCursors({ delivered: [], read: [{ user, conversation, seq: 1, single: [] }] })
    expect(await store().users.partners(user, 10)).to.have.members([late, early, reader])
    expect(await store().users.partners(user, 3)).to.have.members([late, early, reader])
    expect(await store().users.partners(user, 2)).to.deep.equal([late, early])
    expect(await store().users.partners(newUser(), 10)).to.deep.equal([])
  })
}
