import { networkInterfaces } from 'node:os'
import { expect } from 'chai'
import type { ActorCall } from '../../../dapr/actor-call.ts'
import { ActorCallbacks } from '../../../dapr/actor-callbacks.ts'
import { silent } from './stand-in-sidecar.ts'

const TOKEN = { 'dapr-api-token': 'app-secret' }

describe('the callbacks that daprd makes', () => {
  let callbacks: ActorCallbacks
  let port: number
  let healthy: boolean
  let calls: [string, string, ActorCall][]
  let fail: boolean

  beforeEach(async () => {
    healthy = true
    fail = false
    calls = []
    callbacks = new ActorCallbacks({
      target: {
        types: ['user'],
        call: async (type, id, call) => {
          calls.push([type, id, call])
          if (fail) throw new Error('secret detail')
          return { ok: true, value: call.args }
        },
        deactivate: async () => undefined,
      },
      appApiToken: 'app-secret',
      isHealthy: () => healthy,
      logger: silent,
    })
    port = await callbacks.listen(0)
  })
  afterEach(() => callbacks.close())

  const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = TOKEN) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  const call = (args: unknown): ActorCall => ({ callId: 'c', deadline: 1, method: 'bind', args })

  it('tell it which actors may live here', async () => {
    const config = await (await ask('GET', '/dapr/config')).json()
    expect(config).to.deep.include({ entities: ['user'], reentrancy: { enabled: false } })
  })

  it('bring calls, whatever their content type', async () => {
    for (const headers of [TOKEN, { ...TOKEN, 'content-type': 'application/octet-stream' }]) {
      const answer = await ask(
        'PUT',
        '/actors/user/a%40b/method/bind',
        call({ deep: ['ü', null] }),
        headers as Record<string, string>,
      )
      expect(await answer.json()).to.deep.equal({ ok: true, value: { deep: ['ü', null] } })
    }
    expect(calls[0]?.[1]).to.equal('a@b')
  })

  it('are refused without the right token, save the question for health', async () => {
    for (const headers of [{}, { 'dapr-api-token': 'app-secreT' }, { 'dapr-api-token': 'x' }]) {
      for (const [method, path] of [
        ['GET', '/dapr/config'],
        ['PUT', '/actors/user/ann/method/bind'],
        ['DELETE', '/actors/user/ann'],
      ] as const)
        expect((await ask(method, path, method === 'PUT' ? call(1) : undefined, headers)).status).to.equal(
          401,
        )
    }
    expect((await ask('GET', '/healthz', undefined, {})).status).to.equal(200)
    healthy = false
    expect((await ask('GET', '/healthz', undefined, {})).status).to.equal(503)
    expect(calls).to.deep.equal([])
  })

  it('may end an actor that is not here', async () => {
    expect((await ask('DELETE', '/actors/user/nobody')).status).to.equal(200)
  })

  it('are refused for what is no call', async () => {
    const refused: [string, unknown, number][] = [
      ['/actors/user/ann/method/bind', 'no json', 400],
      ['/actors/user/ann/method/bind', '', 400],
      ['/actors/user/ann/method/bind', { ...call(1), method: 'other' }, 400],
      ['/actors/user/ann/method/bind', call('x'.repeat(4 * 1024 * 1024)), 400],
      ['/actors/user/ann/method/timer/t', call(1), 404],
      ['/actors/user/ann/method/remind/r', call(1), 404],
      ['/actors/robot/ann/method/bind', call(1), 404],
      ['/actors/user/%zz/method/bind', call(1), 404],
      ['/else', call(1), 404],
    ]
    for (const [path, body, status] of refused) {
      const answer = await ask('PUT', path, body)
      expect(answer.status, path).to.equal(status)
      expect(await answer.json(), path).to.have.property('error')
    }
    expect(calls).to.deep.equal([])
  })

  it('end with 500 and a body, without details, when the host fails', async () => {
    fail = true
    const answer = await ask('PUT', '/actors/user/ann/method/bind', call(1))
    expect(answer.status).to.equal(500)
    expect(await answer.text()).to.not.contain('secret detail')
  })

  it('are taken on the loopback interface only', async function () {
    const outside = Object.values(networkInterfaces())
      .flat()
      .find(address => address?.family === 'IPv4' && !address.internal)
    if (!outside) return this.skip()
    const refused = await fetch(`http://${outside.address}:${port}/healthz`).catch(() => 'refused')
    expect(refused).to.equal('refused')
  })
})
