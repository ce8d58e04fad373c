import { expect } from 'chai'
import { HomingClient, type Message, type ProtocolName } from '../../../client/index.ts'
import { protocolNames } from '../../../client/wire-protocol.ts'
import { ScriptedServer } from './scripted-server.ts'
import { ManualClock, until } from './support.ts'

for (const protocol of protocolNames) describe(`receiving over ${protocol}`, () => suite(protocol))

function suite(protocol: ProtocolName): void {
  let server: ScriptedServer
  let clock: ManualClock
  let client: HomingClient
  let received: string[]
  let repeats: string[]

  beforeEach(async () => {
    server = await ScriptedServer.start()
    clock = new ManualClock()
    received = []
    repeats = []
    client = new HomingClient({ url: server.url, token: 'good', protocol, clock })
    client.on('duplicate', repeat => repeats.push(repeat.serverMsgId))
  })

  afterEach(async () => {
    client.close()
    await server.stop()
  })

  const online = async (): Promise<void> => {
    await client.connect()
    await until(() => client.state.name === 'online')
  }
  const collect = () => client.on('message', message => received.push(message.serverMsgId))
  const acks = () => server.last.sent('ACK').map(frame => frame.serverMsgId)

  it('hands a message on as it was sent', async () => {
    const messages: Message[] = []
    client.on('message', message => messages.push(message))
    await online()
    server.last.deliver(7, { from: 10001, to: 'alice', msgType: 'IMAGE' })
    await until(() => messages.length === 1)
    expect(messages[0]).to.deep.equal({
      serverMsgId: '7',
      from: '10001',
      to: 'alice',
      body: 'm7',
      msgType: 'IMAGE',
      ts: 5000,
    })
  })

  it('keeps ids exact, also beyond 2^53', async () => {
    const from: string[] = []
    client.on('message', message => from.push(message.from))
    await online()
    const ids = ['9007199254740993', '9223372036854775807', '123456789012345678901234567890', '007', 'bob@x']
    for (const [index, id] of ids.entries()) server.last.deliver(index + 1, { from: id })
    await until(() => from.length === ids.length)
    expect(from).to.deep.equal(ids)
  })

  it('acknowledges what came within 100 ms by one frame', async () => {
    collect()
    await online()
    for (let seq = 1; seq <= 10; seq += 1) server.last.deliver(seq)
    await until(() => received.length === 10)
    await server.last.roundTrips(1)
    expect(acks()).to.deep.equal([])
    clock.advance(100)
    await server.last.roundTrips(1)
    expect(server.last.sent('ACK')).to.deep.equal([
      { type: 'ACK', ackType: 'delivered', serverMsgId: '10', upTo: true },
    ])
  })

  it('hands on what another device of the user has sent, and neither acknowledges it nor drops what is older', async () => {
    collect()
    await online()
    const own = { from: 'alice', to: 'bob' }
    server.last.deliver(5, own)
    server.last.deliver(4)
    server.last.deliver(5, own)
    await until(() => received.length === 2)
    await server.last.roundTrips(1)
    clock.advance(100)
    await server.last.roundTrips(1)
    expect(received).to.deep.equal(['5', '4'])
    expect(repeats).to.deep.equal(['5'])
    expect(acks()).to.deep.equal(['4'])
  })

  it('acknowledges each fifty messages at once', async () => {
    collect()
    await online()
    for (let seq = 1; seq <= 120; seq += 1) server.last.deliver(seq)
    await until(() => received.length === 120)
    await server.last.roundTrips(1)
    expect(acks()).to.deep.equal(['50', '100'])
    clock.advance(100)
    await until(() => acks().at(-1) === '120')
  })

  it('acknowledges direct messages and each group on their own', async () => {
    collect()
    await online()
    server.last.deliver(9, { groupId: 'g1' })
    server.last.deliver(4)
    server.last.deliver(8, { groupId: 'g2' })
    await until(() => received.length === 3)
    clock.advance(100)
    await until(() => acks().length === 3)
    expect(received).to.deep.equal(['9', '4', '8'])
    expect(acks()).to.have.members(['9', '4', '8'])
  })

  it('waits for an asynchronous listener, with the acknowledgement and with the next message', async () => {
    const finish: (() => void)[] = []
    client.on('message', message => {
      received.push(message.serverMsgId)
      return new Promise<void>(resolve => finish.push(resolve))
    })
    await online()
    server.last.deliver(1)
    server.last.deliver(2)
    await server.last.roundTrips(1)
    clock.advance(1000)
    await server.last.roundTrips(1)
    expect(received).to.deep.equal(['1'])
    expect(acks()).to.deep.equal([])
    finish[0]?.()
    await until(() => received.length === 2)
    clock.advance(100)
    await until(() => acks().length === 1)
    expect(acks()).to.deep.equal(['1'])
  })

  it('drops a repeat, tells of it and acknowledges it again on a new connection', async () => {
    collect()
    await online()
    server.last.deliver(1)
    server.last.deliver(2)
    server.last.deliver(2)
    await until(() => repeats.length === 1)
    server.last.socket.terminate()
    await until(() => client.state.name === 'waiting')
    clock.advance(1000)
    await until(() => client.state.name === 'online')
    server.last.deliver(1)
    await until(() => repeats.length === 2)
    clock.advance(100)
    await until(() => acks().length === 1)
    expect(acks()).to.deep.equal(['1'])
    server.last.deliver(2)
    server.last.deliver(3)
    await until(() => received.length === 3)
    expect(received).to.deep.equal(['1', '2', '3'])
    expect(repeats).to.deep.equal(['2', '1', '2'])
  })

  it('says once more what has been delivered, in case a busy server dropped it', async () => {
    collect()
    await online()
    server.last.deliver(5)
    await until(() => received.length === 1)
    clock.advance(100)
    await until(() => acks().length === 1)
    for (let ping = 1; ping <= 2; ping += 1) {
      clock.advance(30_000)
      await server.last.roundTrips(2)
    }
    expect(server.last.sent('PING')).to.have.length(2)
    expect(acks()).to.deep.equal(['5', '5'])
  })

  it('says what has been delivered before it closes', async () => {
    collect()
    await online()
    server.last.deliver(5)
    await until(() => received.length === 1)
    client.close()
    await until(() => acks().length === 1)
  })

  it('keeps a read mark until there is a connection', async () => {
    client.read('12')
    await online()
    await until(() => server.last.sent('ACK').length === 1)
    expect(server.last.sent('ACK')[0]).to.deep.equal({ type: 'ACK', ackType: 'read', serverMsgId: '12' })
  })

  it('tells of receipts and presence', async () => {
    const told: unknown[] = []
    client.on('delivered', sign => told.push(['delivered', sign]))
    client.on('read', sign => told.push(['read', sign]))
    client.on('presence', ({ userId, status }) => told.push(['presence', userId, status]))
    await online()
    server.last.push({ type: 'ACK', ackType: 'delivered', serverMsgId: '1', from: 'bob' })
    server.last.push({ type: 'ACK', ackType: 'read', serverMsgId: '1', from: 'bob' })
    server.last.push({ type: 'PRESENCE', from: 'bob', status: 'away', ts: 5 })
    await until(() => told.length === 3)
    expect(told).to.deep.equal([
      ['delivered', { serverMsgId: '1', from: 'bob' }],
      ['read', { serverMsgId: '1', from: 'bob' }],
      ['presence', 'bob', 'away'],
    ])
  })

  it('says how its user is there, and says it again on a new connection', async () => {
    await online()
    client.setPresence('away')
    client.setPresence('offline')
    await until(() => server.last.sent('PRESENCE').length === 2)
    expect(server.last.sent('PRESENCE').map(frame => frame.status)).to.deep.equal(['away', 'offline'])
    server.last.socket.terminate()
    await until(() => client.state.name === 'waiting')
    clock.advance(1000)
    await until(() => server.connections.length === 2 && server.last.sent('PRESENCE').length === 1)
    expect(server.last.sent('PRESENCE')[0]).to.have.property('status', 'offline')
  })

  it('passes over what is no frame', async () => {
    collect()
    await online()
    const { socket } = server.last
    for (const data of [
      'not a frame',
      '[1]',
      '{"type":',
      Buffer.from([0xc1]),
      Buffer.alloc(0),
      Buffer.from([0x93]),
    ])
      socket.send(data)
    server.last.deliver(1)
    await until(() => received.length === 1)
    expect(client.state.name).to.equal('online')
  })
}
