import { expect } from 'chai'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { WireClient } from '../support/wire-client.ts'

/** Tokens in handshakes and frames, on any target. */
export function authenticationSuite(target: () => Target): void {
  const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds
  const badTokens = async (user: string): Promise<readonly (readonly [string, string])[]> => [
    ['no token at all', 'nonsense'],
    [
      'signed by another',
      await signToken({ ...target(), secret: 'another secret of thirty-two bytes' }, user),
    ],
    ['expired', await signToken(target(), user, { exp: secondsFromNow(-1) })],
    ['of another type', await signToken(target(), user, { typ: 'refresh' })],
    ['without a user', await signToken(target(), '')],
  ]

  /** Raises the user's session version to 1 by a token that carries it; answers one of the version before. */
  const outdatedToken = async (user: string) => {
    const newer = await WireClient.authenticated(
      gatewayOf(target(), 0),
      await signToken(target(), user, { sv: 1 }),
    )
    await newer.close()
    return await signToken(target(), user)
  }

  const failure = async (opening: Parameters<typeof WireClient.open>[1]) =>
    WireClient.open(gatewayOf(target(), 1), opening).then(
      () => 'accepted',
      (error: Error) => error.message,
    )

  describe('a token in the handshake', () => {
    it('binds without AUTH_OK, whichever way it comes', async () => {
      for (const way of ['header', 'token', 'accessToken']) {
        const token = await signToken(target(), newUser('alice'))
        const client = await WireClient.open(
          gatewayOf(target(), 0),
          way === 'header' ? { token } : { query: { [way]: token } },
        )
        client.send({ type: 'SINGLE_CHAT', clientMsgId: 'm1', to: newUser('bob'), body: 'hi' })
        await client.next({ type: 'ACK', ackType: 'saved' })
        expect(client.all({ type: 'AUTH_OK' })).to.have.length(0)
        await client.close()
      }
    })

    it('that is bad is answered 401 before the upgrade, in the words clients know', async () => {
      const user = newUser('alice')
      const outdated = await outdatedToken(user)
      for (const way of ['token', 'accessToken']) {
        expect(await failure({ query: { [way]: '' } })).to.equal('HTTP 401 missing_access_token')
        expect(await failure({ query: { [way]: outdated } })).to.equal('HTTP 401 session_invalid')
        for (const [what, token] of await badTokens(user))
          expect(await failure({ query: { [way]: token } }), what).to.equal('HTTP 401 invalid_access_token')
      }
      expect(await failure({ headers: { authorization: 'Bearer ' } })).to.equal(
        'HTTP 401 missing_access_token',
      )
      expect(await failure({ token: outdated })).to.equal('HTTP 401 session_invalid')
      expect(await failure({ token: 'nonsense' })).to.equal('HTTP 401 invalid_access_token')
    })

    it('is followed by one AUTH_OK for each AUTH frame that comes as well', async () => {
      const user = newUser('alice')
      const token = await signToken(target(), user)
      const client = await WireClient.open(gatewayOf(target(), 0), { token })
      for (const count of [1, 2, 3]) {
        client.send({ type: 'AUTH', token })
        expect(await client.atLeast(count, { type: 'AUTH_OK' })).to.have.length(count)
      }
      await client.settle()
      expect(client.frames.filter(({ type }) => type !== 'PONG')).to.deep.equal(
        Array.from({ length: 3 }, () => ({ type: 'AUTH_OK', from: user })),
      )
      await client.close()
    })
  })

  describe('the first frame', () => {
    it('may be AUTH, and what follows it at once is handled after the bind', async () => {
      const user = newUser('alice')
      const client = await WireClient.open(gatewayOf(target(), 0))
      client.send({ type: 'AUTH', token: await signToken(target(), user) })
      client.send({ type: 'SINGLE_CHAT', clientMsgId: 'm1', to: newUser('bob'), body: 'hi' })
      client.send({ type: 'AUTH', token: await signToken(target(), user) })
      await client.next({ type: 'ACK', ackType: 'saved', clientMsgId: 'm1' })
      await client.atLeast(2, { type: 'AUTH_OK', from: user })
      expect(client.frames[0]).to.include({ type: 'AUTH_OK' })
      await client.close()
    })

    for (const frame of [
      '{"type":"PING"}',
      '{"type":"REAUTH","token":"x"}',
      'nonsense',
      '{"type":"SINGLE_CHAT"}',
    ]) {
      it(`is unauthorized when it is ${frame}`, async () => {
        const client = await WireClient.open(gatewayOf(target(), 0))
        client.send(frame)
        expect(await client.closed).to.deep.equal({ code: 4503, reason: 'unauthorized' })
        expect(client.frames).to.deep.equal([{ type: 'ERROR', reason: 'unauthorized' }])
      })
    }

    it('is answered AUTH_FAIL and 4503 when its token is missing or bad', async () => {
      const fail = async (token: unknown) => {
        const client = await WireClient.open(gatewayOf(target(), 0))
        client.send({ type: 'AUTH', token })
        const { code, reason } = await client.closed
        expect(client.frames).to.deep.equal([{ type: 'AUTH_FAIL', reason }])
        return { code, reason }
      }
      for (const token of [undefined, null, '', 7, { toString: 1 }])
        expect(await fail(token)).to.deep.equal({ code: 4503, reason: 'missing_token' })
      for (const [what, token] of await badTokens(newUser('alice')))
        expect(await fail(token), what).to.deep.equal({ code: 4503, reason: 'invalid_token' })
      expect(await fail(await outdatedToken(newUser('alice')))).to.deep.equal({
        code: 4501,
        reason: 'session_invalid',
      })
    })
  })

  it('a token with a higher session version puts out the connections of lower ones', async () => {
    const user = newUser('alice')
    const older = await WireClient.authenticated(gatewayOf(target(), 0), await signToken(target(), user))
    const newer = await WireClient.authenticated(
      gatewayOf(target(), 1),
      await signToken(target(), user, { sv: 3 }),
    )
    expect(await older.next({ type: 'ERROR' })).to.include({ reason: 'session_invalid' })
    expect(await older.closed).to.deep.equal({ code: 4501, reason: 'session_invalid' })
    await newer.settle()
    await newer.close()
  })
}
