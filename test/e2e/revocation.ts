import { expect } from 'chai'
import { api } from '../support/api.ts'
import { gatewayOf, newUser, type Target } from '../support/target.ts'
import { WireClient } from '../support/wire-client.ts'

const OUT_WITHIN_MS = 1000

interface Grant {
  readonly userId: number
  readonly accessToken: string
  readonly refreshToken: string
}

/** What ends sessions, on any target. */
export function revocationSuite(target: () => Target): void {
  const url = (index = 0) => gatewayOf(target(), index)

  const login = async (username: string, index = 0): Promise<Grant> => {
    const { status, body } = await api(url(index), '/auth/login', { body: { username, password: 'secret' } })
    expect(status).to.equal(200)
    return body.data as Grant
  }
  const refresh = async (refreshToken: string) => api(url(1), '/auth/refresh', { body: { refreshToken } })

  const expectOut = async (client: WireClient, since: number) => {
    expect(await client.closed).to.deep.equal({ code: 4501, reason: 'session_invalid' })
    expect(performance.now() - since).to.be.below(OUT_WITHIN_MS)
    expect(client.frames.at(-1)).to.deep.equal({ type: 'ERROR', reason: 'session_invalid' })
  }

  /** Refused wherever it is shown, on every gateway. */
  const expectRefused = async ({ accessToken: token, userId }: Grant) => {
    for (const index of [0, 1]) {
      for (const path of ['/auth/users?username=x', `/api/im/offline/unread-counts?userId=${userId}`])
        expect((await api(url(index), path, { token })).status, path).to.equal(401)
      const { body } = await api(url(index), '/auth/verify', { body: { accessToken: token } })
      expect(body.data).to.deep.equal({ ok: false, userId, reason: 'session_invalid' })
      const handshake = await WireClient.open(url(index), { token }).catch((error: Error) => error.message)
      expect(handshake).to.equal('HTTP 401 session_invalid')
    }
  }

  it('a login ends the sockets and tokens of the one before within a second', async () => {
    const username = newUser('alice')
    const first = await login(username)
    const client = await WireClient.authenticated(url(1), first.accessToken)
    const since = performance.now()
    const second = await login(username)
    expect(second.userId).to.equal(first.userId)
    await expectOut(client, since)
    await expectRefused(first)
    expect((await refresh(first.refreshToken)).status, 'its refresh token as well').to.equal(401)
    const now = await WireClient.authenticated(url(1), second.accessToken)
    await now.settle()
    await now.close()
  })

  it('a logout ends the user’s own, refresh token included', async () => {
    const grant = await login(newUser('alice'))
    const client = await WireClient.authenticated(url(0), grant.accessToken)
    const since = performance.now()
    const { body } = await api(url(1), '/auth/logout', { token: grant.accessToken, method: 'POST' })
    expect(body).to.include({ ok: true, code: 0 })
    await expectOut(client, since)
    await expectRefused(grant)
    expect((await refresh(grant.refreshToken)).status).to.equal(401)
  })

  it('a refresh rotates the token and leaves the connection alone, which may go on with the new one', async () => {
    const { userId, accessToken, refreshToken } = await login(newUser('alice'))
    const client = await WireClient.authenticated(url(0), accessToken)
    const renewed = (await refresh(refreshToken)).body.data as Grant
    expect(renewed).to.include({ userId })
    expect(renewed.refreshToken).to.not.equal(refreshToken)
    client.send({ type: 'REAUTH', token: renewed.accessToken })
    await client.settle()
    const next = (await refresh(renewed.refreshToken)).body.data as Grant
    expect(next).to.include({ userId })
    await client.settle()
    expect(client.frames.map(({ type }) => type)).to.deep.equal(['AUTH_OK', 'PONG', 'PONG'])
    await client.close()
  })

  it('a refresh token that is used again ends its family', async () => {
    const { refreshToken } = await login(newUser('alice'))
    const renewed = (await refresh(refreshToken)).body.data as Grant
    const { status, body } = await refresh(refreshToken)
    expect(status).to.equal(401)
    expect(body).to.include({ ok: false, code: 40100 })
    expect((await refresh(renewed.refreshToken)).status, 'the thief’s or the owner’s').to.equal(401)
  })

  it('a refresh token that was never given is refused', async () => {
    expect((await refresh('nonsense')).body).to.include({ ok: false, code: 40100 })
  })
}
