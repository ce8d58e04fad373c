import { expect } from 'chai'
import { WebSocket as NodeSocket } from 'ws'
import { type ClientState, HomingClient, type ProtocolName, Refused } from '../../../client/index.ts'
import { protocolNames } from '../../../client/wire-protocol.ts'
import { ScriptedServer } from './scripted-server.ts'
import { ManualClock, until } from './support.ts'

for (const protocol of protocolNames) describe(`connecting over ${protocol}`, () => suite(protocol))

function suite(protocol: ProtocolName): void {
  let server: ScriptedServer
  let clock: ManualClock
  let states: ClientState[]
  let client: HomingClient | undefined
  let random: number

  beforeEach(async () => {
    server = await ScriptedServer.start()
    clock = new ManualClock()
    states = []
    random = 0.5
  })

  afterEach(async () => {
    client?.close()
    await server.stop()
  })

  const connected = (token: string | (() => Promise<string>) = 'good', url = server.url): HomingClient => {
    client = new HomingClient({ url, token, protocol, clock, random: () => random })
    client.on('state', state => states.push(state))
    void client.connect()
    return client
  }

  const reached = (name: ClientState['name']) => until(() => states.at(-1)?.name === name)
  const delays = () => states.flatMap(state => (state.name === 'waiting' ? [state.delayMs] : []))

  it('authenticates by its first frame and tells who it is', async () => {
    connected('good')
    await reached('online')
    expect(states).to.deep.equal([
      { name: 'connecting', failures: 0 },
      { name: 'online', userId: 'alice' },
    ])
    expect(server.last.frames[0]).to.deep.equal({ type: 'AUTH', token: 'good', ordered: true })
  })

  it('stays closed when it is closed before its outbox is read', async () => {
    const hasty = connected('good')
    hasty.close()
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(states).to.deep.equal([])
    await hasty.connect()
    await reached('online')
  })

  it('waits 1 s, then half as long again each time, up to 30 s, with full jitter', async () => {
    const port = server.port
    await server.stop()
    connected('good', `http://127.0.0.1:${port}`)
    for (let i = 0; i < 11; i += 1) {
      await until(() => delays().length === i + 1)
      clock.advance(delays().at(-1) ?? 0)
    }
    const bounds = delays().map(delay => delay / random)
    expect(bounds.slice(0, 4)).to.deep.equal([1000, 1500, 2250, 3375])
    expect(bounds.slice(8)).to.deep.equal([25_628.90625, 30_000, 30_000])
    await until(() => delays().length === 12)
    server = await ScriptedServer.start(port)
    clock.advance(15_000)
    await reached('online')
  })

  it('begins with short waits again after a connection that held', async () => {
    connected()
    for (const held of [0, 0, 6000]) {
      await reached('online')
      clock.advance(held)
      server.last.socket.terminate()
      await reached('waiting')
      clock.advance(delays().at(-1) ?? 0)
    }
    expect(delays()).to.deep.equal([500, 750, 500])
  })

  for (const [code, reason] of [
    [4500, 'kicked'],
    [4501, 'session_invalid'],
    [4502, 'token_expired'],
    [4599, 'connection lost (4599)'],
  ] as const)
    it(`ends for good with close code ${code}`, async () => {
      connected()
      await reached('online')
      server.last.socket.close(code)
      await reached('closed')
      expect(states.at(-1)).to.deep.equal({ name: 'closed', reason, code })
      expect(clock.pending).to.deep.equal([])
    })

  for (const code of [1001, 1012, 4000, 4001, 4002])
    it(`comes back after close code ${code}`, async () => {
      connected()
      await reached('online')
      server.last.socket.close(code)
      await reached('waiting')
      clock.advance(1000)
      await reached('online')
      expect(server.connections).to.have.length(2)
    })

  it('waits at least 10 s after too many requests', async () => {
    connected()
    await reached('online')
    server.last.socket.close(4406)
    await reached('waiting')
    expect(delays()).to.deep.equal([10_500])
  })

  it('tells once that it was kicked, also when the close code gets lost', async () => {
    const kicks: string[] = []
    connected().on('kicked', kick => kicks.push(kick.reason))
    await reached('online')
    server.last.push({ type: 'ERROR', reason: 'kicked' })
    server.last.socket.terminate()
    await reached('closed')
    expect(kicks).to.deep.equal(['kicked'])
    expect(states.at(-1)).to.deep.equal({ name: 'closed', reason: 'kicked', code: 4500 })
  })

  it('ends when its token is refused, and may connect again with a better one', async () => {
    server.admit = token => (token === 'good' ? undefined : 'invalid_token')
    let token = 'bad'
    connected(() => Promise.resolve(token))
    await reached('closed')
    expect(states.at(-1)).to.deep.equal({ name: 'closed', reason: 'invalid_token', code: 4503 })
    token = 'good'
    await client?.connect()
    await reached('online')
  })

  it('asks for a token at each connect, again later when there is none, and ends when there will be none', async () => {
    const answers = ['first', new Error('down'), 'second', new Refused('session_invalid')]
    connected(async () => {
      const answer = answers.shift()
      if (typeof answer === 'string') return answer
      throw answer
    })
    await reached('online')
    server.last.socket.terminate()
    await reached('waiting')
    clock.advance(1000)
    await until(() => delays().length === 2)
    clock.advance(1500)
    await reached('online')
    expect(server.last.frames[0]?.token).to.equal('second')
    server.last.socket.terminate()
    await until(() => delays().length === 3)
    clock.advance(2250)
    await reached('closed')
    expect(states.at(-1)).to.deep.equal({ name: 'closed', reason: 'session_invalid' })
  })

  it('renews a token that comes from a function before its end', async () => {
    const claims = { exp: Math.floor(Date.now() / 1000) + 30 }
    const token = `e30.${btoa(JSON.stringify(claims))}.x`
    connected(() => Promise.resolve(token))
    await reached('online')
    clock.advance(22_000)
    expect(server.last.sent('REAUTH')).to.have.length(0)
    clock.advance(3000)
    await until(() => server.last.sent('REAUTH').length === 1)
    expect(server.last.sent('REAUTH')[0]).to.deep.equal({ type: 'REAUTH', token })
  })

  it('takes silence after a ping for a dead connection', async () => {
    connected()
    await reached('online')
    clock.advance(30_000)
    await server.last.roundTrips(2)
    clock.advance(10_000)
    expect(states.at(-1)).to.have.property('name', 'online')
    server.answersPings = false
    clock.advance(20_000)
    await server.last.roundTrips(2)
    expect(server.last.sent('PING')).to.have.length(2)
    clock.advance(10_000)
    expect(states.at(-1)).to.include({ name: 'waiting', reason: 'no sign of life' })
  })

  it('asks sooner while it waits for an answer: a frozen server keeps its connections', async () => {
    connected()
    await reached('online')
    server.fate = () => 'ignore'
    server.answersPings = false
    client?.send({ to: 'bob', body: 'x' })
    await until(() => server.last.sent('SINGLE_CHAT').length === 1)
    clock.advance(2499)
    expect(server.last.sent('PING')).to.have.length(0)
    clock.advance(1)
    await until(() => server.last.sent('PING').length === 1)
    clock.advance(3999)
    expect(states.at(-1)).to.have.property('name', 'online')
    clock.advance(1)
    expect(states.at(-1)).to.include({ name: 'waiting', reason: 'no sign of life' })
  })

  it('asks as soon about a message that it sends after an earlier one was answered', async () => {
    connected()
    await reached('online')
    client?.send({ to: 'bob', body: 'answered' })
    await until(() => server.last.sent('SINGLE_CHAT').length === 1)
    await server.last.roundTrips(2)
    clock.advance(2000)
    server.fate = () => 'ignore'
    server.answersPings = false
    client?.send({ to: 'bob', body: 'not answered' })
    await until(() => server.last.sent('SINGLE_CHAT').length === 2)
    clock.advance(2499)
    expect(server.last.sent('PING')).to.have.length(0)
    clock.advance(1)
    await until(() => server.last.sent('PING').length === 1)
    clock.advance(4000)
    expect(states.at(-1)).to.include({ name: 'waiting', reason: 'no sign of life' })
  })

  it('asks nothing more of a server that answers', async () => {
    connected()
    await reached('online')
    client?.send({ to: 'bob', body: 'x' })
    await until(() => server.last.sent('SINGLE_CHAT').length === 1)
    await server.last.roundTrips(2)
    clock.advance(2500)
    await server.last.roundTrips(2)
    clock.advance(26_000)
    expect(server.last.sent('PING')).to.have.length(0)
    expect(states.at(-1)).to.have.property('name', 'online')
  })

  it('gives up a connection that does not get as far as AUTH_OK', async () => {
    server.admit = () => 'silent'
    connected()
    await until(() => clock.pending.includes(10_000))
    clock.advance(10_000)
    expect(states.at(-1)).to.include({ name: 'waiting', reason: 'no answer while connecting' })
  })

  it('takes a new connection when a message stays without an answer', async () => {
    connected()
    await reached('online')
    server.fate = () => 'ignore'
    const sent = client?.send({ to: 'bob', body: 'x' })
    await until(() => server.last.sent('SINGLE_CHAT').length === 1)
    server.fate = () => 'save'
    clock.advance(3000)
    await server.last.roundTrips(2)
    clock.advance(27_000)
    await server.last.roundTrips(2)
    clock.advance(30_000)
    await reached('waiting')
    clock.advance(1000)
    expect((await sent?.saved)?.serverMsgId).to.equal('1')
  })

  it('leaves no timer behind when it closes', async () => {
    connected()
    await reached('online')
    client?.close()
    expect(states.at(-1)).to.deep.equal({ name: 'closed', reason: 'closed by the application' })
    expect(clock.pending).to.deep.equal([])
    await until(() => server.last.socket.readyState === server.last.socket.CLOSED)
  })

  it('takes another WebSocket class and names its device', async () => {
    const urls: string[] = []
    class LocalSocket extends NodeSocket {
      constructor(url: string) {
        super(url, { localAddress: '127.0.0.1' })
        urls.push(url)
      }
    }
    client = new HomingClient({
      url: server.url,
      token: 'good',
      clock,
      device: 'phone',
      webSocket: LocalSocket,
    })
    client.on('state', state => states.push(state))
    void client.connect()
    await reached('online')
    expect(urls).to.deep.equal([`ws://127.0.0.1:${server.port}/ws?device=phone`])
  })
}
