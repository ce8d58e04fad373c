import { expect } from 'chai'
import { HomingClient, type ProtocolName } from '../../../client/index.ts'
import { protocolNames } from '../../../client/wire-protocol.ts'
import { ScriptedServer } from './scripted-server.ts'
import { ManualClock, until } from './support.ts'

for (const protocol of protocolNames) describe(`pacing over ${protocol}`, () => suite(protocol))

function suite(protocol: ProtocolName): void {
  let server: ScriptedServer
  let clock: ManualClock
  let client: HomingClient

  const online = async (): Promise<void> => {
    await client.connect()
    await until(() => client.state.name === 'online')
  }
  const messages = () => server.last.sent('SINGLE_CHAT').length

  beforeEach(async () => {
    server = await ScriptedServer.start()
    clock = new ManualClock()
    client = new HomingClient({ url: server.url, token: 'good', protocol, clock })
  })

  afterEach(async () => {
    client.close()
    await server.stop()
  })

  it('sends a burst of 50 and then 25 messages a second', async () => {
    await online()
    for (let i = 0; i < 200; i += 1) client.send({ to: `user${i % 7}`, body: String(i) })
    await server.last.roundTrips(2)
    expect(messages()).to.equal(50)
    for (const second of [1, 2, 3]) {
      for (let i = 0; i < 25; i += 1) {
        clock.advance(40)
        await server.last.roundTrips(1)
      }
      expect(messages()).to.equal(50 + 25 * second)
    }
  })

  it('leaves no more unanswered than the burst, however long the server stalls', async () => {
    server.fate = () => 'ignore'
    await online()
    for (let i = 0; i < 200; i += 1) client.send({ to: 'bob', body: String(i) })
    clock.advance(3000)
    await server.last.roundTrips(2)
    clock.advance(17_000)
    await server.last.roundTrips(1)
    expect(messages()).to.equal(50)
  })

  it('stops for a while when the server finds it too fast, and loses nothing by it', async () => {
    let refusals = 0
    server.fate = frame => (frame.body === '3' && refusals++ === 0 ? 'too_many_requests' : 'save')
    await online()
    const sent = Array.from({ length: 10 }, (_, i) => client.send({ to: 'bob', body: String(i) }))
    await server.last.roundTrips(2)
    expect(server.log).to.have.length(3)
    const all = Promise.all(sent.map(each => each.saved))
    for (let i = 0; i < 40; i += 1) {
      clock.advance(100)
      await server.last.roundTrips(1)
    }
    await all
    expect(server.log.map(message => message.body).join('')).to.equal('0123456789')
  })

  it('holds acknowledgements back rather than speak too often, and merges them', async () => {
    client = new HomingClient({
      url: server.url,
      token: 'good',
      protocol,
      clock,
      pacing: { framesPerSecond: 1, framesBurst: 2 },
    })
    let received = 0
    client.on('message', () => {
      received += 1
    })
    await online()
    for (let seq = 1; seq <= 500; seq += 1) server.last.deliver(seq)
    await until(() => received === 500)
    await server.last.roundTrips(1)
    expect(server.last.sent('ACK').map(frame => frame.serverMsgId)).to.deep.equal(['50', '100'])
    clock.advance(1100)
    await server.last.roundTrips(1)
    expect(server.last.sent('ACK').at(-1)?.serverMsgId).to.equal('500')
  })

  it('can be lifted', async () => {
    const pacing = { framesPerSecond: Infinity, framesBurst: Infinity, messagesPerSecond: Infinity }
    client = new HomingClient({
      url: server.url,
      token: 'good',
      protocol,
      clock,
      pacing: { ...pacing, messagesBurst: 1000 },
    })
    await online()
    for (let i = 0; i < 900; i += 1) client.send({ to: 'bob', body: String(i) })
    await until(() => client.unsaved === 0)
    expect(server.log).to.have.length(900)
  })
}
