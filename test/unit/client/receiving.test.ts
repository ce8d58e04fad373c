import { expect } from 'chai'
import { HomingClient, type Message } from '../../../client/index.ts'
import { ScriptedServer } from './scripted-server.ts'
import { ManualClock, until } from './support.ts'

describe('receiving', () => {
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
    client = new HomingClient({ url: server.url, token: 'good', clock })
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
    server.last.deliver(7, {
      from: 10001,
      to: 'alice',
      clientMsgId: 'c',
      mentions: ['alice'],
      important: true,
    })
    await until(() => messages.length === 1)
    expect(messages[0]).to.deep.equal({
      serverMsgId: '7',
      clientMsgId: 'c',
      from: '10001',
      to: 'alice',
      body: 'm7',
      msgType: 'TEXT',
      mentions: ['alice'],
      important: true,
      ts: 1,
    })
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

  it('tells of receipts, revocations, notices and presence', async () => {
    const told: unknown[] = []
    client.on('delivered', sign => told.push(['delivered', sign]))
    client.on('read', sign => told.push(['read', sign]))
    client.on('revoked', sign => told.push(['revoked', sign]))
    client.on('notify', notice => told.push(['notify', notice.event, notice.users]))
    client.on('presence', presence => told.push(['presence', presence]))
    await online()
    server.last.push({ type: 'ACK', ackType: 'delivered', serverMsgId: '1', from: 'bob' })
    server.last.push({ type: 'ACK', ackType: 'read', serverMsgId: '1', from: 'bob' })
    server.last.push({ type: 'MESSAGE_REVOKED', serverMsgId: '2', from: 'bob' })
    server.last.push({
      type: 'GROUP_NOTIFY',
      groupId: 'g',
      serverMsgId: '3',
      event: 'joined',
      users: [10002],
    })
    server.last.push({ type: 'PRESENCE', from: 'bob', status: 'away', ts: 5 })
    server.last.socket.send('not a frame')
    await until(() => told.length === 5)
    expect(told).to.deep.equal([
      ['delivered', { serverMsgId: '1', from: 'bob' }],
      ['read', { serverMsgId: '1', from: 'bob' }],
      ['revoked', { serverMsgId: '2', from: 'bob' }],
      ['notify', 'joined', ['10002']],
      ['presence', { userId: 'bob', status: 'away', ts: 5 }],
    ])
  })
})
