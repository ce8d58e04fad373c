import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { expect } from 'chai'
import { isAllowedOrigin } from '../../../gateway/http/origins.ts'
import { startGateway, type TestGateway } from './http-support.ts'

describe('the HTTP server', () => {
  let gateway: TestGateway
  let failure: Error | undefined
  const checks = [
    { name: 'database', check: async () => undefined },
    {
      name: 'bus',
      check: async () => {
        if (failure) throw failure
      },
    },
  ]

  before(async () => {
    gateway = await startGateway({ checks, environment: { HOMING_ALLOWED_ORIGINS: 'https://app.example' } })
  })
  after(() => gateway.close())

  it('is healthy while it answers, ready while its checks pass, and says what fails', async () => {
    expect((await gateway.get('/healthz')).body).to.deep.equal({ status: 'ok' })
    expect(await gateway.get('/readyz')).to.deep.include({ status: 200, body: { ready: true, failed: [] } })
    failure = new Error('gone')
    expect(await gateway.get('/readyz')).to.deep.include({
      status: 503,
      body: { ready: false, failed: ['bus'] },
    })
    expect((await gateway.get('/healthz')).status).to.equal(200)
    failure = undefined
  })

  it('is not ready while it drains, and still answers', async () => {
    const draining = await startGateway({ checks })
    draining.gateway.drain()
    expect(await draining.get('/readyz')).to.deep.include({
      status: 503,
      body: { ready: false, failed: ['draining'] },
    })
    expect((await draining.get('/healthz')).status).to.equal(200)
    await draining.close()
  })

  it('a check that never ends has failed', async () => {
    const stuck = await startGateway({
      checks: [{ name: 'database', check: () => new Promise(() => undefined) }],
    })
    expect((await stuck.get('/readyz')).body.failed).to.deep.equal(['database'])
    await stuck.close()
  })

  it('shows its metrics', async () => {
    const { status, body } = await gateway.get('/metrics')
    expect(status).to.equal(200)
    expect(body)
      .to.contain('homing_connections{protocol="json"} 0')
      .and.contain('homing_refusals_total{reason="kicked"} 0')
  })

  it('answers unknown routes in the envelope of their family', async () => {
    expect(await gateway.get('/nothing')).to.deep.include({
      status: 404,
      body: { success: false, errCode: 'REQUEST_002', errMessage: 'no such resource' },
    })
    const { status, body } = await gateway.get('/auth/nothing')
    expect(status).to.equal(404)
    expect(body).to.include({ ok: false, code: 40400, message: 'not_found' })
  })

  for (const path of ['/%', '/%zz', '/auth/%e0%a4%a', '//', '/..%2f..%2fetc'])
    it(`answers the path ${path} in an envelope`, async () => {
      const { status, body } = await rawGet(gateway.url, path)
      expect(status).to.be.oneOf([400, 404])
      expect(body).to.have.property('success', false)
    })

  for (const [what, body] of [
    ['no JSON', '{"username":'],
    ['nothing', undefined],
    ['null', 'null'],
    ['a number', '1'],
    ['an array', '[]'],
    ['a huge body', JSON.stringify({ username: 'x'.repeat(100_000), password: 'y' })],
    ['a deep one', '['.repeat(30_000)],
    ['a deep one of long numbers', `${'['.repeat(20_000)}1234567890123456789${']'.repeat(20_000)}`],
    ['__proto__', '{"__proto__":{"username":"a","password":"b"}}'],
    ['constructor', '{"constructor":{"prototype":{"username":"a","password":"b"}}}'],
  ] as const)
    it(`refuses ${what} as a bad request, in the envelope`, async () => {
      const answer = await gateway.post('/auth/login', body)
      expect(answer.status).to.equal(400)
      expect(answer.body).to.include({ ok: false, code: 40000 })
      expect(answer.body.message).to.match(/^bad_request: /)
      expect(Object.hasOwn(Object.prototype, 'username')).to.equal(false)
    })

  it('refuses a body of another type', async () => {
    const answer = await gateway.request('/auth/login', {
      method: 'POST',
      body: 'username=a',
      headers: { 'content-type': 'text/csv' },
    })
    expect(answer).to.have.nested.property('body.code', 40000)
  })

  it('a failure inside is an internal error that tells nothing', async () => {
    const failing = await startGateway({ unread: () => Promise.reject(new Error('secret detail')) })
    const token = await failing.tokens.signAccessToken({ userId: 10001, sv: 0, lifeSeconds: 60 })
    expect(await failing.get('/api/im/offline/unread-counts?userId=10001', token)).to.deep.include({
      status: 500,
      body: { success: false, errCode: 'OFFLINE_MSG_007', errMessage: 'unexpected failure' },
    })
    await failing.close()
  })

  it('lets listed origins read, and no others', async () => {
    const from = (origin: string) => gateway.request('/healthz', { headers: { origin } })
    expect((await from('https://app.example')).headers.get('access-control-allow-origin')).to.equal(
      'https://app.example',
    )
    expect((await from('https://evil.example')).headers.has('access-control-allow-origin')).to.equal(false)
  })

  it('answers the preflight of a listed origin only', async () => {
    const preflight = (origin: string) =>
      gateway.request('/auth/login', {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      })
    const allowed = await preflight('https://app.example')
    expect(allowed.status).to.equal(204)
    expect(allowed.headers.get('access-control-allow-headers')).to.contain('authorization')
    expect((await preflight('https://evil.example')).status).to.equal(404)
  })

  it('answers are never kept by caches and carry no product name', async () => {
    const { headers } = await gateway.get('/healthz')
    expect(headers.get('cache-control')).to.equal('no-store')
    expect(headers.has('x-powered-by')).to.equal(false)
    expect(headers.has('server')).to.equal(false)
  })

  it('leaves upgrades to whoever listens for them', async () => {
    gateway.gateway.server.once('upgrade', (_request, socket) => socket.end('HTTP/1.1 418 taken\r\n\r\n'))
    const { port } = new URL(gateway.url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.write('GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    const answer = await new Promise<string>(resolve => socket.once('data', data => resolve(String(data))))
    expect(answer).to.contain('418 taken')
  })

  it('finishes the request under way when it closes', async () => {
    let finish: (() => void) | undefined
    const closing = await startGateway({
      unread: () =>
        new Promise(resolve => {
          finish = () => resolve([])
        }),
    })
    const token = await closing.tokens.signAccessToken({ userId: 10001, sv: 0, lifeSeconds: 60 })
    const asked = closing.get('/api/im/offline/unread-counts?userId=10001', token)
    while (!finish) await new Promise(setImmediate)
    const closed = closing.close()
    finish()
    expect((await asked).status).to.equal(200)
    await closed
  })
})

describe('origins', () => {
  it('are the server’s own host while none is listed', () => {
    expect(isAllowedOrigin('http://localhost:8080', 'localhost:8080', [])).to.equal(true)
    expect(isAllowedOrigin('http://localhost:8080', 'LOCALHOST:8080', [])).to.equal(true)
    expect(isAllowedOrigin('http://localhost:8081', 'localhost:8080', [])).to.equal(false)
    expect(isAllowedOrigin('null', 'localhost:8080', [])).to.equal(false)
    expect(isAllowedOrigin('http://localhost:8080', undefined, [])).to.equal(false)
    expect(isAllowedOrigin(undefined, 'localhost:8080', [])).to.equal(true)
  })

  it('are the listed ones only, or all with *', () => {
    const listed = ['https://app.example']
    expect(isAllowedOrigin('https://app.example', 'x', listed)).to.equal(true)
    expect(isAllowedOrigin('https://app.example.evil', 'x', listed)).to.equal(false)
    expect(isAllowedOrigin('http://x', 'x', listed)).to.equal(false)
    expect(isAllowedOrigin('null', 'x', ['*'])).to.equal(true)
  })
})

/** fetch would normalize such paths. */
const rawGet = (url: string, path: string): Promise<{ status: number | undefined; body: unknown }> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    httpRequest({ hostname, port, path }, response => {
      let text = ''
      response.on('data', chunk => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(text) }))
    })
      .on('error', reject)
      .end()
  })
