import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { AccountError, findUser, login, Refused, refresh, sessionTokens } from '../../../client/index.ts'
import { ManualClock } from './support.ts'

interface Asked {
  readonly route: string
  readonly authorization: string | undefined
  readonly body: string
}

describe('accounts', () => {
  let server: Server
  let url: string
  let asked: Asked[]
  let answer: { status: number; body: string }

  const ok = (data: string) => ({
    status: 200,
    body: `{"ok":true,"code":0,"message":"ok","data":${data},"ts":1}`,
  })
  const no = (code: number) => ({
    status: code / 100,
    body: `{"ok":false,"code":${code},"message":"no","ts":1}`,
  })
  const tokens = (name: string) =>
    `"accessToken":"a-${name}","refreshToken":"r-${name}","accessTokenExpiresInSeconds":1800,"refreshTokenExpiresInSeconds":2592000`

  const record = async (request: IncomingMessage) => {
    const route = `${request.method} ${request.url}`
    asked.push({ route, authorization: request.headers.authorization, body: await text(request) })
  }

  beforeEach(async () => {
    asked = []
    server = createServer(async (request, response) => {
      await record(request)
      response
        .writeHead(answer.status, { 'content-type': 'application/json', connection: 'close' })
        .end(answer.body)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterEach(() => new Promise(resolve => server.close(resolve)))

  it('logs in, and reads a user id exactly, also beyond 2^53', async () => {
    answer = ok(`{"userId":9007199254740993,${tokens('1')}}`)
    const session = await login(url, 'alice', 'secret')
    expect(session).to.include({
      userId: '9007199254740993',
      accessToken: 'a-1',
      accessTokenExpiresInSeconds: 1800,
    })
    expect(asked[0]).to.include({
      route: 'POST /auth/login',
      body: JSON.stringify({ username: 'alice', password: 'secret' }),
    })
  })

  it('rejects with the code of the answer, or of the HTTP status when there is no answer to read', async () => {
    answer = no(40100)
    const refused = await login(url, 'alice', 'wrong').catch((e: unknown) => e)
    expect(refused).to.be.instanceOf(AccountError).and.to.have.property('code', 40100)
    answer = { status: 502, body: '<html>' }
    expect(await refresh(url, 'r').catch((e: unknown) => e)).to.have.property('code', 50200)
  })

  it('finds a user by name, with a token', async () => {
    answer = ok('{"userId":10002,"username":"böb"}')
    expect(await findUser(url, 'token', 'böb')).to.deep.equal({ userId: '10002', username: 'böb' })
    expect(asked[0]).to.include({
      route: 'GET /auth/users?username=b%C3%B6b',
      authorization: 'Bearer token',
    })
  })

  it('renews a session when three quarters of its token’s life are over, once for all who ask', async () => {
    const clock = new ManualClock()
    answer = ok(`{"userId":10001,${tokens('1')}}`)
    const next = sessionTokens(url, await login(url, 'alice', 'secret'), clock)
    clock.advance(1349_000)
    expect(await next()).to.equal('a-1')
    clock.advance(2000)
    answer = ok(`{${tokens('2')}}`)
    expect(await Promise.all([next(), next()])).to.deep.equal(['a-2', 'a-2'])
    expect(asked.map(each => each.route)).to.deep.equal(['POST /auth/login', 'POST /auth/refresh'])
    expect(await next()).to.equal('a-2')
  })

  it('ends a session whose refresh token is refused, and only then', async () => {
    const clock = new ManualClock()
    answer = ok(`{"userId":10001,${tokens('1')}}`)
    const next = sessionTokens(url, await login(url, 'alice', 'secret'), clock)
    clock.advance(1800_000)
    answer = no(50000)
    expect(await next().catch((e: unknown) => e)).to.be.instanceOf(AccountError)
    answer = no(40100)
    expect(await next().catch((e: unknown) => e)).to.be.instanceOf(Refused)
  })
})
