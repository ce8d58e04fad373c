import { expect } from 'chai'
import { newUser } from './message-log.ts'
import type { Context } from './store-context.ts'

export function accounts({ store }: Context): void {
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

export function refreshTokens({ store }: Context): void {
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
