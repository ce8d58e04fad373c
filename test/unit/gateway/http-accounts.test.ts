import { createHash, generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import { SignJWT } from 'jose'
import { startGateway, type TestGateway } from './http-support.ts'

const SECRET = new TextEncoder().encode('a secret of at least thirty-two bytes')
const alice = { username: 'alice', password: 'correct horse' }

describe('accounts over HTTP', () => {
  let gateway: TestGateway
  beforeEach(async () => {
    gateway = await startGateway()
  })
  afterEach(() => gateway.close())

  const login = (credentials: object = alice) => gateway.post('/auth/login', credentials)
  const refresh = (refreshToken: unknown) => gateway.post('/auth/refresh', { refreshToken })
  const verify = (accessToken: unknown) => gateway.post('/auth/verify', { accessToken })
  const logout = (token?: string) => gateway.post('/auth/logout', undefined, token)

  it('the first login of a name creates its account, ids counting from 10001', async () => {
    const { status, body } = await login()
    expect(status).to.equal(200)
    expect(body).to.include({ ok: true, code: 0 })
    expect(body.ts).to.be.closeTo(Date.now(), 5000)
    expect(body.data).to.include({
      userId: 10001,
      accessTokenExpiresInSeconds: 1800,
      refreshTokenExpiresInSeconds: 2_592_000,
    })
    expect((await login({ username: 'bob', password: 'x' })).body.data.userId).to.equal(10002)
    expect((await login()).body.data.userId).to.equal(10001)
  })

  it('first logins of one name at once make one account', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => login()))
    expect(answers.map(answer => answer.body.data.userId)).to.deep.equal(Array(5).fill(10001))
  })

  it('the password is stored as a salted hash', async () => {
    await login()
    await login({ username: 'bob', password: alice.password })
    const hashes = await Promise.all(
      ['alice', 'bob'].map(async name => (await gateway.store.accounts.byUsername(name))?.passwordHash),
    )
    expect(hashes[0]).to.match(/^\$scrypt\$ln=15,r=8,p=1\$/)
    expect(hashes[0]).to.not.equal(hashes[1])
  })

  it('with account creation off an unknown name is refused like a wrong password', async () => {
    const closed = await startGateway({ environment: { HOMING_ACCOUNTS_CREATE: 'false' } })
    const { status, body } = await closed.post('/auth/login', alice)
    expect(status).to.equal(401)
    expect(body).to.include({ ok: false, code: 40100, message: 'bad_credentials' })
    expect(await closed.store.accounts.byUsername('alice')).to.equal(undefined)
    await closed.close()
  })

  it('names are trimmed and compared in one form', async () => {
    await login({ username: ' caf\u0065\u0301 ', password: 'x' })
    expect((await login({ username: 'caf\u00e9', password: 'x' })).body.data.userId).to.equal(10001)
  })

  for (const username of [
    '',
    '   ',
    'a\nb',
    'a\u0000',
    'a\u202eb',
    '\ud800',
    'x'.repeat(65),
    'x'.repeat(300),
    1,
    null,
    {},
    ['alice'],
    true,
  ])
    it(`refuses the name ${JSON.stringify(username).slice(0, 20)}`, async () => {
      expect(await login({ username, password: 'x' })).to.have.nested.property('body.code', 40000)
    })

  for (const password of ['', 'x'.repeat(1025), 'ü'.repeat(513), 1, null, {}, ['x']])
    it(`refuses the password ${JSON.stringify(password).slice(0, 10)}`, async () => {
      expect(await login({ username: 'alice', password })).to.have.nested.property('body.code', 40000)
    })

  describe('where a user has one connection', () => {
    it('a login raises the session version and answers after the actor has confirmed', async () => {
      await login()
      const { body } = await login()
      expect(gateway.raised).to.deep.equal([
        { user: '10001', version: 1 },
        { user: '10001', version: 2 },
      ])
      const verification = await gateway.tokens.verifyAccessToken(body.data.accessToken)
      expect(verification).to.have.nested.property('session.sv', 2)
    })

    it('the earlier access and refresh tokens are out', async () => {
      const first = (await login()).body.data
      await login()
      expect((await verify(first.accessToken)).body.data).to.deep.equal({
        ok: false,
        userId: 10001,
        reason: 'session_invalid',
      })
      expect(await logout(first.accessToken)).to.deep.include({ status: 401 })
      expect((await logout(first.accessToken)).body).to.include({ code: 40100, message: 'session_invalid' })
      expect(await refresh(first.refreshToken)).to.have.nested.property('body.code', 40100)
    })

    it('a login the actor cannot confirm fails, and older tokens stay out', async () => {
      let confirm = true
      const unsure = await startGateway({
        raiseSession: async () => {
          if (!confirm) throw new Error('no answer')
        },
      })
      const { accessToken } = (await unsure.post('/auth/login', alice)).body.data
      confirm = false
      const { status, body } = await unsure.post('/auth/login', alice)
      expect(status).to.equal(500)
      expect(body)
        .to.include({ ok: false, code: 50000, message: 'internal_error' })
        .and.not.have.property('data')
      expect((await unsure.post('/auth/verify', { accessToken })).body.data.reason).to.equal(
        'session_invalid',
      )
      await unsure.close()
    })
  })

  it('where a user may have more connections a login leaves the others alone', async () => {
    const many = await startGateway({ environment: { HOMING_MAX_CONNECTIONS_PER_USER: '3' } })
    const first = (await many.post('/auth/login', alice)).body.data
    await many.post('/auth/login', alice)
    // The actor hears of logins, but none of a version that puts anybody out.
    const logins = Array.from({ length: 2 }, () => ({ user: '10001', version: 0 }))
    expect(many.raised).to.deep.equal(logins)
    expect((await many.post('/auth/verify', first)).body.data.ok).to.equal(true)
    await many.post('/auth/logout', undefined, first.accessToken)
    expect(many.raised).to.deep.equal([...logins, { user: '10001', version: 1 }])
    expect((await many.post('/auth/verify', first)).body.data.reason).to.equal('session_invalid')
    await many.close()
  })

  describe('guessing', () => {
    const guess = () => login({ username: 'alice', password: 'wrong' })

    it('waits a second after five failures, also with the right password', async () => {
      await login()
      for (let i = 0; i < 5; i++)
        expect((await guess()).body).to.include({ code: 40100, message: 'bad_credentials' })
      for (const answer of [await guess(), await login()]) {
        expect(answer.status).to.equal(429)
        expect(answer.body).to.include({ ok: false, code: 42900, message: 'too_many_attempts' })
        expect(answer.headers.get('retry-after')).to.equal('1')
      }
      await afterWait(1)
      expect((await login()).body.ok).to.equal(true)
      expect((await gateway.store.accounts.byUsername('alice'))?.failedLogins).to.equal(0)
    })

    it('waits longer after each further failure, a minute at most', async () => {
      await login()
      const wait = async (failures: number) => {
        const failed = (await gateway.store.accounts.byUsername('alice'))?.failedLogins ?? 0
        for (let i = failed; i < failures; i++)
          await gateway.store.accounts.recordLogin(10001, true, Date.now())
        return (await guess()).headers.get('retry-after')
      }
      expect(await wait(6)).to.equal('2')
      expect(await wait(9)).to.equal('16')
      expect(await wait(11)).to.equal('60')
      expect(await wait(40)).to.equal('60')
    })

    it('many guesses at once get no further than as many one after another', async () => {
      await login()
      const answers = await Promise.all(Array.from({ length: 30 }, guess))
      const tried = answers.filter(answer => answer.body.code === 40100)
      // One more when the machine is so slow that the first wait is over meanwhile.
      expect(tried.length).to.be.within(5, 6)
    })
  })

  describe('refresh', () => {
    it('rotates the token and carries the current session version', async () => {
      const first = (await login()).body.data
      const second = (await refresh(first.refreshToken)).body.data
      expect(second).to.have.all.keys(first)
      expect(second.refreshToken).to.not.equal(first.refreshToken)
      expect((await verify(second.accessToken)).body.data).to.deep.equal({ ok: true, userId: 10001 })
      expect((await refresh(second.refreshToken)).status).to.equal(200)
    })

    it('a token used twice ends its family', async () => {
      const first = (await login()).body.data
      const second = (await refresh(first.refreshToken)).body.data
      expect((await refresh(first.refreshToken)).body).to.include({
        code: 40100,
        message: 'invalid_refresh_token',
      })
      expect((await refresh(second.refreshToken)).status).to.equal(401)
    })

    it('tokens are stored as hashes only', async () => {
      const { refreshToken } = (await login()).body.data
      expect(Buffer.from(refreshToken, 'base64url')).to.have.length(32)
      const use = (hash: string) => gateway.store.accounts.useRefreshToken(hash, Date.now())
      expect(await use(refreshToken)).to.include({ outcome: 'unknown' })
      expect(await use(sha256(refreshToken))).to.include({ outcome: 'used' })
    })

    it('of one token at once gives one grant', async () => {
      const { refreshToken } = (await login()).body.data
      const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(refreshToken)))
      expect(answers.filter(answer => answer.status === 200)).to.have.length(1)
    })

    it('refuses expired and made-up tokens', async () => {
      const token = 'expired'
      await gateway.store.accounts.addRefreshToken({
        hash: sha256(token),
        userId: 10001,
        family: 'f',
        sessionVersion: 0,
        expiresAt: Date.now() - 1,
      })
      for (const text of [token, 'made up', 'x'.repeat(8000)])
        expect((await refresh(text)).status).to.equal(401)
      for (const text of ['', 'x'.repeat(9000), 1, null, {}, ['a']])
        expect((await refresh(text)).status).to.equal(400)
    })
  })

  describe('logout', () => {
    it('ends every session and its refresh tokens', async () => {
      const { accessToken, refreshToken } = (await login()).body.data
      const { status, body } = await logout(accessToken)
      expect(status).to.equal(200)
      expect(body).to.include({ ok: true, code: 0 })
      expect(gateway.raised.at(-1)).to.deep.equal({ user: '10001', version: 2 })
      expect((await verify(accessToken)).body.data.reason).to.equal('session_invalid')
      expect((await refresh(refreshToken)).status).to.equal(401)
      expect(await gateway.store.accounts.useRefreshToken(sha256(refreshToken), 0)).to.include({
        outcome: 'revoked',
      })
    })

    it('works for a user who has no account', async () => {
      const token = await foreignToken({ sub: 'visitor-7' })
      expect((await logout(token)).status).to.equal(200)
      expect(gateway.raised).to.deep.equal([{ user: 'visitor-7', version: 1 }])
    })

    it('needs a token', async () => {
      expect((await logout()).body).to.include({ code: 40100, message: 'missing_access_token' })
      const { status, headers, body } = await logout('nonsense')
      expect(status).to.equal(401)
      expect(headers.get('www-authenticate')).to.equal('Bearer')
      expect(body).to.include({ code: 40100, message: 'invalid_access_token' })
    })
  })

  describe('verify', () => {
    it('tells why a token is refused', async () => {
      expect((await verify('nonsense')).body.data).to.deep.equal({
        ok: false,
        reason: 'invalid_access_token',
      })
      const expired = await foreignToken({ uid: 10001 }, '-1s')
      expect((await verify(expired)).body.data).to.deep.equal({ ok: false, reason: 'token_expired' })
    })

    it('gives ids beyond 2^53 and names as strings', async () => {
      expect((await verify(await foreignToken({ uid: '9007199254740993' }))).body.data).to.deep.equal({
        ok: true,
        userId: '9007199254740993',
      })
      expect((await verify(await foreignToken({ uid: '007' }))).body.data.userId).to.equal('007')
    })

    it('a token of a higher session version raises the row, so that earlier ones are out', async () => {
      const earlier = await foreignToken({ uid: 'x', sv: 3 })
      expect((await verify(earlier)).body.data.ok).to.equal(true)
      expect((await verify(await foreignToken({ uid: 'x', sv: 4 }))).body.data.ok).to.equal(true)
      expect(await gateway.store.users.sessionVersion('x')).to.equal(4)
      expect((await verify(earlier)).body.data.reason).to.equal('session_invalid')
    })
  })

  describe('users', () => {
    it('are found by name, by authenticated users only', async () => {
      const { accessToken } = (await login()).body.data
      const find = (query: string, token?: string) => gateway.get(`/auth/users${query}`, token)
      expect((await find('?username=alice', accessToken)).body.data).to.deep.equal({
        userId: 10001,
        username: 'alice',
      })
      expect((await find('?username=nobody', accessToken)).body).to.include({
        code: 40400,
        message: 'not_found',
      })
      expect((await find('', accessToken)).body.code).to.equal(40000)
      expect((await find('?username=alice&username=bob', accessToken)).body.code).to.equal(40000)
      expect((await find('?username=alice')).body.code).to.equal(40100)
    })
  })

  it('where tokens come from elsewhere there is no login', async () => {
    const { publicKey } = generateKeyPairSync('ed25519')
    const other = await startGateway({
      environment: {
        HOMING_JWT_ALGORITHM: 'EdDSA',
        HOMING_JWT_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      },
    })
    expect(await other.post('/auth/login', alice)).to.have.nested.property('body.code', 40400)
    expect((await other.post('/auth/verify', { accessToken: 'x' })).body.data.ok).to.equal(false)
    await other.close()
  })
})

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const foreignToken = (claims: Record<string, unknown>, expires = '1h') =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('homing')
    .setExpirationTime(expires)
    .sign(SECRET)

/** The one wait that a client has to do as well: for what Retry-After said. */
const afterWait = (seconds: number) => new Promise(resolve => setTimeout(resolve, seconds * 1000))
