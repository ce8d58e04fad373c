import { expect } from 'chai'
import { Metrics } from '../support/metrics.ts'
import { Standalone } from '../support/standalone.ts'
import { newUser, signToken } from '../support/target.ts'
import { until } from '../support/until.ts'
import { WireClient } from '../support/wire-client.ts'

const AUTH_TIMEOUT_MS = 300
const IDLE_TIMEOUT_MS = 1200
/** Twice the interval at which the server looks at its connections. */
const NOTICED_MS = 1000

describe('a connection whose peer is silent', () => {
  let server: Standalone
  let vanished: WireClient

  before(async () => {
    server = await Standalone.start({
      AUTH_TIMEOUT_MS: String(AUTH_TIMEOUT_MS),
      PING_INTERVAL_MS: '200',
      IDLE_TIMEOUT_MS: String(IDLE_TIMEOUT_MS),
    })
    vanished = await connect(newUser('alice'))
    // As after a pulled cable: nothing is read or answered any more, not even a close.
    vanished.socket.pause()
  })
  after(async () => {
    vanished.socket.terminate()
    await server.stop()
  })

  const connect = async (user: string, autoPong = true) =>
    WireClient.open(server.url, { token: await signToken(server, user), socket: { autoPong } })
  const connections = async () => (await Metrics.read(server.url)).connections

  it('is closed when it has not authenticated in time', async () => {
    const opened = performance.now()
    const client = await WireClient.open(server.url)
    expect(await client.closed).to.deep.equal({ code: 4504, reason: 'auth_timeout' })
    expect(client.frames).to.deep.equal([{ type: 'ERROR', reason: 'auth_timeout' }])
    expect(performance.now() - opened).to.be.within(AUTH_TIMEOUT_MS - 10, AUTH_TIMEOUT_MS + NOTICED_MS)
  })

  it('is pinged; it stays while it answers, and is closed as idle when it does not', async () => {
    const answering = await connect(newUser('alice'))
    const silent = await connect(newUser('bob'), false)
    let pings = 0
    answering.socket.on('ping', () => pings++)
    const opened = performance.now()
    expect(await silent.closed).to.deep.equal({ code: 4000, reason: 'idle' })
    expect(performance.now() - opened).to.be.within(IDLE_TIMEOUT_MS - 100, IDLE_TIMEOUT_MS + NOTICED_MS)
    await until(() => performance.now() - opened > 2 * IDLE_TIMEOUT_MS, 'time stands still')
    expect(pings).to.be.at.least(3)
    await answering.settle()
    await answering.close()
  })

  it('is out at once when it hangs up without a close, and loses nothing', async () => {
    const [a, b] = [newUser('alice'), newUser('bob')]
    const bob = await connect(b)
    await bob.settle()
    const before = await connections()
    bob.socket.terminate()
    await until(async () => (await connections()) < before, 'the connection is still counted')
    const alice = await connect(a)
    alice.send({ type: 'SINGLE_CHAT', clientMsgId: 'm1', to: b, body: 'for later' })
    await alice.next({ type: 'ACK', ackType: 'saved' })
    const back = await connect(b)
    expect(await back.next({ type: 'SINGLE_CHAT' })).to.include({ body: 'for later' })
    await Promise.all([alice.close(), back.close()])
  })

  it('leaves nothing behind when it vanishes without a word', async () => {
    await until(async () => (await connections()) === 0, 'half-open connections are left')
  })
})
