import { expect } from 'chai'
import { newUser, signToken } from '../../support/target.ts'
import { ListGateways } from './support.ts'

describe('connections to lists', () => {
  let lists: ListGateways
  afterEach(() => lists?.close())

  it('are counted while they are open', async () => {
    lists = await ListGateways.start()
    const open = async () => {
      const text = (await lists.metrics[0]?.registry.metrics()) ?? ''
      return Number(/homing_connections\{protocol="list"\} (\d+)/.exec(text)?.[1])
    }
    const client = await lists.connect(0)
    await lists.connect(0, { transports: ['polling'] })
    expect(await open()).to.equal(2)
    client.close()
    while ((await open()) !== 1) await new Promise(resolve => setImmediate(resolve))
  })

  it('are lost, not ended, when the gateway stops, and it takes no new ones', async () => {
    lists = await ListGateways.start()
    const [socket, polling] = [
      await lists.subscribe(0),
      await lists.subscribe(0, { transports: ['polling'] }),
    ]
    const before = lists.gateways[0] ?? ''
    await lists.stopGateway(0)
    for (const client of [socket, polling]) {
      expect(await client.untilEnded()).to.not.equal('io server disconnect')
    }
    expect(await fetch(before).catch(() => 'gone')).to.equal('gone')
  })

  it('come from the origins that are listed only', async () => {
    lists = await ListGateways.start()
    const token = await signToken(lists, newUser('viewer'))
    for (const transports of [['websocket'], ['polling']] as const) {
      const headers = { origin: 'https://evil.example' }
      const evil = lists.open(0, token, { transports, headers })
      expect(await evil.untilEnded()).to.match(/error/)
      await lists.connect(0, { transports, headers: { origin: 'https://console.example' } })
    }
    const handshake = (origin: string) =>
      fetch(`${lists.gateways[0]}/socket.io/?EIO=4&transport=polling`, { headers: { origin } })
    const listed = await handshake('https://console.example')
    expect(listed.headers.get('access-control-allow-origin')).to.equal('https://console.example')
    expect(listed.headers.get('access-control-allow-credentials')).to.equal(null)
    const other = await handshake('https://evil.example')
    expect(other.status).to.equal(403)
    expect(other.headers.get('access-control-allow-origin')).to.equal(null)
  })

  it('end when the client sends too much at once, or too often', async () => {
    lists = await ListGateways.start({
      environment: { HOMING_FRAMES_BURST: '20', HOMING_FRAMES_PER_SECOND: '1' },
    })
    const large = await lists.subscribe(0)
    large.socket.emit('request:websites', { lastEventId: 0, padding: 'x'.repeat(100_000) })
    await large.untilEnded()
    const often = await lists.subscribe(1)
    for (let n = 0; n < 30; n++) often.socket.emit('request:websites')
    await often.untilEnded()
  })

  it('leave upgrades of other paths and plain requests to the others', async () => {
    lists = await ListGateways.start()
    expect((await fetch(`${lists.gateways[0]}/healthz`)).status).to.equal(200)
    expect((await fetch(`${lists.gateways[0]}/socket.io/socket.io.js`)).status).to.equal(400)
  })
})
