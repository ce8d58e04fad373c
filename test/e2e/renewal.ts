import { expect } from 'chai'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { WireClient } from '../support/wire-client.ts'

/** What comes of a connection as its token ends, on any target. */
export function renewalSuite(target: () => Target): void {
  const connect = async (user: string, claims: Record<string, unknown> = {}) =>
    WireClient.authenticated(gatewayOf(target(), 0), await signToken(target(), user, claims))

  it('a connection ends with its token, unless REAUTH or AUTH has brought a newer one', async () => {
    const exp = Math.floor(Date.now() / 1000) + 2
    const [a, b, c] = [newUser('alice'), newUser('bob'), newUser('carol')]
    const expiring = await connect(a, { exp })
    const renewed = await connect(b, { exp })
    const again = await connect(c, { exp })
    renewed.send({ type: 'REAUTH', token: await signToken(target(), b) })
    again.send({ type: 'AUTH', token: await signToken(target(), c) })
    await again.atLeast(2, { type: 'AUTH_OK' })

    expect(await expiring.next({ type: 'ERROR' })).to.deep.equal({ type: 'ERROR', reason: 'token_expired' })
    expect(await expiring.closed).to.deep.equal({ code: 4502, reason: 'token_expired' })
    expect(Date.now()).to.be.at.least(exp * 1000)
    await renewed.settle()
    expect(renewed.frames.map(({ type }) => type)).to.deep.equal(['AUTH_OK', 'PONG'])
    await again.settle()
    await Promise.all([renewed.close(), again.close()])
  })

  it('another user’s token closes', async () => {
    const client = await connect(newUser('alice'))
    client.send({ type: 'REAUTH', token: await signToken(target(), newUser('mallory')) })
    expect(await client.closed).to.deep.equal({ code: 4503, reason: 'reauth_uid_mismatch' })
    expect(client.frames.at(-1)).to.deep.equal({ type: 'ERROR', reason: 'reauth_uid_mismatch' })
  })

  it('a bad token closes', async () => {
    const user = newUser('alice')
    for (const [token, reason, code] of [
      ['nonsense', 'invalid_token', 4503],
      [undefined, 'missing_token', 4503],
      [await signToken(target(), user, { sv: 1 }), 'session_invalid', 4501],
    ] as const) {
      const client = await connect(user, reason === 'session_invalid' ? { sv: 2 } : {})
      client.send({ type: 'REAUTH', token })
      expect(await client.closed).to.deep.equal({ code, reason })
      expect(client.frames.at(-1)).to.deep.equal({ type: 'AUTH_FAIL', reason })
    }
  })
}
