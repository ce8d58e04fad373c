import { expect } from 'chai'
import { protocolNames } from '../../client/wire-protocol.ts'
import { GroupClients, heard } from '../support/group-clients.ts'
import { LibraryClients } from '../support/library-clients.ts'
import { MsgpackClient, type } from '../support/msgpack-client.ts'
import { Standalone } from '../support/standalone.ts'
import { newUser, signToken } from '../support/target.ts'
import { until } from '../support/until.ts'
import { WireClient } from '../support/wire-client.ts'

const BURST = 6
const PER_SECOND = 10
const taken = ['m1', 'm2', 'm3', 'm4', 'm5', 'm6']

describe('after a refused send, later sends of the connection to the same conversation', () => {
  let server: Standalone
  let alice: WireClient
  let bob: WireClient
  let b: string

  before(async () => {
    server = await Standalone.start({
      MESSAGES_PER_SECOND: String(PER_SECOND),
      MESSAGES_BURST: String(BURST),
    })
  })
  after(() => server.stop())
  afterEach(() => {
    alice.socket.terminate()
    bob.socket.terminate()
  })

  const send = (clientMsgId: string, to = b) =>
    alice.send({ type: 'SINGLE_CHAT', clientMsgId, to, body: clientMsgId })
  const saved = (clientMsgId: string) => alice.next({ type: 'ACK', ackType: 'saved', clientMsgId })
  const busy = (clientMsgId: string) => alice.next({ type: 'ERROR', reason: 'server_busy', clientMsgId })

  /** m1–m6 are taken, m7 is over the rate; then there is room again. */
  const begin = async (ordered: boolean) => {
    b = newUser('bob')
    bob = await WireClient.authenticated(server.url, await signToken(server, b))
    alice = await WireClient.open(server.url)
    alice.send({ type: 'AUTH', token: await signToken(server, newUser('alice')), ordered })
    await alice.next({ type: 'AUTH_OK' })
    for (const id of [...taken, 'm7']) send(id)
    await alice.next({ type: 'ERROR', reason: 'too_many_requests', clientMsgId: 'm7' })
    const full = performance.now() + (BURST / PER_SECOND) * 1000
    await until(() => performance.now() >= full, 'time stands still')
  }

  it('wait, where AUTH said ordered, until the client has heard that an earlier one was refused for good', async () => {
    b = newUser('bob')
    bob = await WireClient.authenticated(server.url, await signToken(server, b))
    alice = await WireClient.open(server.url, { socket: { autoPong: false } })
    const pings: Buffer[] = []
    alice.socket.on('ping', mark => pings.push(mark))
    alice.send({ type: 'AUTH', token: await signToken(server, newUser('alice')), ordered: true })
    await alice.next({ type: 'AUTH_OK' })
    send('m1')
    await saved('m1')
    alice.send({ type: 'SINGLE_CHAT', clientMsgId: 'm1', to: b, body: 'another' })
    await alice.next({ type: 'ERROR', reason: 'client_msg_id_conflict', clientMsgId: 'm1' })
    send('m2')
    await until(() => pings.length > 0, 'nobody asks whether that was heard')
    await alice.settle()
    expect(alice.frames.filter(({ clientMsgId }) => clientMsgId === 'm2')).to.deep.equal([])
    for (const mark of pings) alice.socket.pong(mark)
    await saved('m2')
    expect(await received(2)).to.deep.equal(['m1', 'm2'])
  })

  const received = async (count: number) => {
    const frames = await bob.atLeast(count, { type: 'SINGLE_CHAT' })
    await bob.settle()
    return frames.map(({ body }) => body)
  }

  it('are refused with server_busy until that one is repeated, where AUTH said ordered', async () => {
    await begin(true)
    send('m8')
    await busy('m8')
    send('m8')
    await busy('m8')
    send('other conversation', newUser('carol'))
    await saved('other conversation')
    send('m7')
    await saved('m7')
    send('m8')
    await saved('m8')
    expect(await received(8)).to.deep.equal([...taken, 'm7', 'm8'])
  })

  it('are accepted as ever without it', async () => {
    await begin(false)
    send('m8')
    await saved('m8')
    send('m7')
    await saved('m7')
    expect(await received(8)).to.deep.equal([...taken, 'm8', 'm7'])
    expect(alice.all({ reason: 'server_busy' })).to.have.length(0)
  })
})

describe('after a refused send to a group', () => {
  let server: Standalone
  let clients: GroupClients

  before(async () => {
    server = await Standalone.start({ MESSAGES_PER_SECOND: '10', MESSAGES_BURST: '2' })
    clients = new GroupClients(() => server)
  })
  after(async () => {
    clients.closeAll()
    await server.stop()
  })

  it('later ones of the connection to it wait for it, those to others do not', async () => {
    const [alice, bob] = await clients.people('alice', 'bob')
    if (!alice || !bob) return
    const [group, other] = [await clients.group(alice, [bob]), await clients.group(alice, [bob])]
    const toBob = await clients.connect(bob)
    const toAlice = await WireClient.open(server.url)
    toAlice.send({ type: 'AUTH', token: alice.token, ordered: true })
    await toAlice.next({ type: 'AUTH_OK' })
    const say = (clientMsgId: string, groupId: string) =>
      toAlice.send({ type: 'GROUP_CHAT', clientMsgId, groupId, body: clientMsgId })
    const saved = (clientMsgId: string) => toAlice.next({ type: 'ACK', ackType: 'saved', clientMsgId })
    for (const id of ['m1', 'm2', 'm3']) say(id, group)
    await toAlice.next({ type: 'ERROR', reason: 'too_many_requests', clientMsgId: 'm3' })
    const full = performance.now() + 300
    await until(() => performance.now() >= full, 'time stands still')
    say('m4', group)
    await toAlice.next({ type: 'ERROR', reason: 'server_busy', clientMsgId: 'm4' })
    say('elsewhere', other)
    await saved('elsewhere')
    await until(() => performance.now() >= full + 300, 'time stands still')
    for (const id of ['m3', 'm4']) say(id, group)
    await Promise.all([saved('m3'), saved('m4')])
    await toBob.atLeast(5, { type: 'GROUP_CHAT' })
    expect(heard(toBob, group)).to.deep.equal(['m1', 'm2', 'm3', 'm4'])
    toAlice.socket.terminate()
  })
})

describe('after a refused send over MessagePack', () => {
  let server: Standalone
  let alice: MsgpackClient
  let bob: MsgpackClient
  let b: string

  before(async () => {
    server = await Standalone.start({
      MESSAGES_PER_SECOND: String(PER_SECOND),
      MESSAGES_BURST: String(BURST),
    })
  })
  after(() => server.stop())
  afterEach(() => {
    alice.socket.terminate()
    bob.socket.terminate()
  })

  const send = (content: string, to = b) =>
    alice.send(type.chat, { to, type: 'text', content, client_msg_id: content })
  const saved = (seq: number) => alice.next(type.ack, { status: 'saved' }, seq)
  const received = async (count: number) => {
    const pushes = await bob.atLeast(count, type.chatPush)
    await bob.settle()
    return pushes.map(({ payload }) => payload.content)
  }

  /** m1–m6 are taken, m7 is over the rate; then there is room again. */
  const begin = async (ordered: boolean) => {
    b = newUser('bob')
    bob = await MsgpackClient.authenticated(server.url, await signToken(server, b))
    alice = await MsgpackClient.open(server.url)
    alice.send(type.auth, { token: await signToken(server, newUser('alice')), acks: true, ordered })
    await alice.next(type.authRsp, { success: true })
    for (const content of taken) send(content)
    await alice.next(type.error, { code: 'WS_RATE_LIMITED' }, send('m7'))
    const full = performance.now() + (BURST / PER_SECOND) * 1000
    await until(() => performance.now() >= full, 'time stands still')
  }

  it('later ones to the same conversation wait for it, where Auth said ordered', async () => {
    await begin(true)
    const early = await alice.next(type.error, { code: 'WS_INTERNAL_ERROR' }, send('m8'))
    expect(early.payload.message).to.match(/^server_busy: /)
    await saved(send('other conversation', newUser('carol')))
    await saved(send('m7'))
    await saved(send('m8'))
    expect(await received(8)).to.deep.equal([...taken, 'm7', 'm8'])
  })

  it('they are accepted as ever without it', async () => {
    await begin(false)
    await saved(send('m8'))
    await saved(send('m7'))
    expect(await received(8)).to.deep.equal([...taken, 'm8', 'm7'])
  })
})

describe('a client of the library that is faster than the server lets it be', () => {
  /** Two more at first than the server takes at once; a third refusal would close the connection for ten seconds. */
  const hurried = { messagesBurst: BURST + 2, messagesPerSecond: PER_SECOND }
  let server: Standalone
  let clients: LibraryClients

  before(async () => {
    server = await Standalone.start({ MESSAGES_PER_SECOND: '20', MESSAGES_BURST: String(BURST) })
    clients = new LibraryClients(() => server)
  })
  after(async () => {
    clients.closeAll()
    await server.stop()
  })

  for (const protocol of protocolNames)
    it(`has each message accepted once, and in its order, over ${protocol}`, async () => {
      const alice = await clients.online(protocol, {}, { pacing: hurried })
      const readers = [await clients.online(protocol), await clients.online(protocol)]
      const refused: string[] = []
      alice.client.on('refused', ({ reason }) => refused.push(reason))
      const bodies = Array.from({ length: 10 }, (_, index) => String(index))
      const sends = bodies.flatMap(body => readers.map(({ user }) => alice.client.send({ to: user, body })))
      await Promise.all(sends.map(({ saved }) => saved))
      await until(() => readers.every(({ received }) => received.length >= bodies.length), 'not all came')
      for (const { received } of readers) expect(received.map(({ body }) => body)).to.deep.equal(bodies)
      expect(refused).to.include('too_many_requests')
    })
})
