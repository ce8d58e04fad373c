import { request } from 'node:http'
import { expect } from 'chai'
import WebSocket from 'ws'
import { Metrics } from '../support/metrics.ts'
import { Standalone } from '../support/standalone.ts'
import { StompClient } from '../support/stomp-client.ts'
import { newUser, signToken } from '../support/target.ts'
import { until } from '../support/until.ts'

/** What of SockJS a client library does not show. */
describe('SockJS', () => {
  let server: Standalone
  before(async () => {
    server = await Standalone.start({
      PING_INTERVAL_MS: '200',
      IDLE_TIMEOUT_MS: '800',
      AUTH_TIMEOUT_MS: '400',
      ALLOWED_ORIGINS: 'https://app.example',
    })
  })
  after(() => server.stop())

  const ask = (path: string, init: RequestInit = {}) => fetch(new URL(path, server.url), init)
  const post = (path: string, body = '') => ask(path, { method: 'POST', body })
  let sessions = 0
  const newSession = () => `/ws/chat/000/session${++sessions}`

  /** Opens a session by a poll; the next poll waits for what the server has to say. */
  const open = async () => {
    const path = newSession()
    expect(await (await post(`${path}/xhr`)).text()).to.equal('o\n')
    return path
  }

  it('says what it can, without cookies, to pages that may ask', async () => {
    const answer = await ask('/ws/chat/info', { headers: { origin: 'https://app.example' } })
    expect(answer.headers.get('set-cookie')).to.equal(null)
    expect(answer.headers.get('access-control-allow-origin')).to.equal('https://app.example')
    expect(await answer.json()).to.include({ websocket: true, cookie_needed: false })
    const foreign = { headers: { origin: 'https://evil.example' } }
    expect((await ask('/ws/chat/info', foreign)).status).to.equal(403)
    expect((await ask(`${newSession()}/xhr_streaming`, { ...foreign, method: 'POST' })).status).to.equal(403)
  })

  it('refuses a bad token with the request that would open a session', async () => {
    for (const transport of ['xhr', 'xhr_streaming']) {
      const answer = await post(`${newSession()}/${transport}?token=nonsense`)
      expect([answer.status, await answer.text()]).to.deep.equal([401, 'invalid_access_token'])
    }
  })

  it('has no pages for frames, and leaves other paths to others', async () => {
    for (const path of [
      '/ws/chat/iframe.html',
      '/ws/chat/iframe-1.html',
      '/ws/chatter/info',
      '/ws/chat/a/b/c/d',
    ])
      expect((await ask(path)).status, path).to.equal(404)
    expect((await post('/ws/chat/chunking_test')).status).to.equal(404)
    expect((await ask('/healthz')).status).to.equal(200)
  })

  it('takes no body of over 64 KiB, whether it says so or not', async () => {
    const path = await open()
    const body = JSON.stringify(['x'.repeat(65_536)])
    expect((await post(`${path}/xhr_send`, body)).status).to.equal(413)
    const cut = await new Promise<string>(resolve => {
      const sending = request(new URL(`${path}/xhr_send`, server.url), { method: 'POST' })
      sending.on('error', error => resolve(error.message))
      sending.on('response', response => resolve(`answered ${response.statusCode}`))
      sending.write(body.slice(0, 40_000))
      sending.write(body.slice(40_000))
    })
    expect(cut).to.match(/hang up|ECONNRESET|EPIPE/)
  })

  it('survives what no client sends', async () => {
    const path = await open()
    for (const body of ['', 'nonsense', '{}', '"text"', 'null', '[1]', '[null]', '[["x"]]', '[]']) {
      const { status } = await post(`${path}/xhr_send`, body)
      expect(status, body).to.be.oneOf([204, 404, 500])
    }
    expect((await post(`${newSession()}/xhr_send`, '["x"]')).status).to.equal(404)
    for (const id of ['__proto__', 'constructor', 'toString'])
      for (const transport of ['xhr', 'xhr_send', 'xhr_streaming'])
        expect((await post(`/ws/chat/000/${id}/${transport}`, '["x"]')).status).to.be.oneOf([200, 404, 500])
    expect((await ask(`${newSession()}/xhr`)).status).to.equal(405)
    const socket = new WebSocket(new URL(`${newSession()}/websocket`, server.url.replace('http', 'ws')))
    socket.on('open', () => socket.send('nonsense'))
    socket.on('error', () => undefined)
    await until(() => socket.readyState === socket.CLOSED, 'nonsense is taken')
    expect((await ask('/healthz')).status).to.equal(200)
  })

  it('closes a session that brings no token in time', async () => {
    const path = await open()
    const heard = await until(async () => {
      const text = await (await post(`${path}/xhr`)).text()
      return text.startsWith('h') ? undefined : text
    }, 'nothing is heard')
    expect(heard).to.contain('auth_timeout')
    expect(await (await post(`${path}/xhr`)).text()).to.equal('c[4504,"auth_timeout"]\n')
  })

  it('keeps a quiet session while its request is open, longer than any idle one', async () => {
    const token = await signToken(server, newUser('alice'))
    const quiet = await StompClient.connect(server.url, token, { transport: 'xhr-streaming' })
    const deaf = new WebSocket(new URL('/ws/chat', server.url.replace('http', 'ws')), { autoPong: false })
    const connect = `CONNECT\naccept-version:1.2\ntoken:${await signToken(server, newUser('bob'))}\n\n\0`
    deaf.on('open', () => deaf.send(connect))
    await until(() => deaf.readyState === deaf.CLOSED, 'the deaf one stays')
    expect(quiet.closed).to.equal(undefined)
    await quiet.settle()
    expect((await Metrics.read(server.url)).value('homing_connections{protocol="stomp"}')).to.be.at.least(1)
    await quiet.close()
  })

  it('ends with the server’s stop, in order', async () => {
    const stopping = await Standalone.start()
    const token = await signToken(stopping, newUser('alice'))
    const client = await StompClient.connect(stopping.url, token, { transport: 'xhr-streaming' })
    expect(await stopping.end('SIGTERM')).to.equal(0)
    expect(await client.untilClosed()).to.deep.equal({ code: 1012, reason: 'restarting' })
    await stopping.stop()
  })
})
