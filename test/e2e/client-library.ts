import { expect } from 'chai'
import type { ProtocolName } from '../../client/index.ts'
import { usualPacing } from '../../client/outlet.ts'
import { protocolNames } from '../../client/wire-protocol.ts'
import { GroupClients } from '../support/group-clients.ts'
import { type LibraryClient, LibraryClients } from '../support/library-clients.ts'
import { newUser, signToken, type Target } from '../support/target.ts'
import { until } from '../support/until.ts'

/** What the client library promises, against a real server on any target. */
export function clientLibrarySuite(target: () => Target): void {
  const clients = new LibraryClients(target)

  afterEach(() => clients.closeAll())

  for (const protocol of protocolNames)
    describe(`the client library over ${protocol}`, () => libraryOver(protocol, target, clients))
  describe('the client library', () => libraryAcross(target, clients))
}

const arrived = ({ received }: LibraryClient, count: number) =>
  until(() => received.length >= count, `${count} have not arrived`)

function libraryOver(protocol: ProtocolName, target: () => Target, clients: LibraryClients): void {
  it('sends, is told accepted and saved with one seq, and hears that it arrived and was read', async () => {
    const [alice, bob] = [await clients.online(protocol), await clients.online(protocol, { index: 1 })]
    const signs: string[] = []
    for (const name of ['delivered', 'read'] as const)
      alice.client.on(name, ({ serverMsgId, from }) => signs.push(`${name} ${serverMsgId} ${from}`))
    const sent = alice.client.send({ to: bob.user, body: 'hello ✓' })
    const { serverMsgId } = await sent.accepted
    expect((await sent.saved).serverMsgId).to.equal(serverMsgId)
    await arrived(bob, 1)
    const { from, to, body, msgType } = bob.received[0] ?? {}
    expect({ from, to, body, msgType }).to.deep.equal({
      from: alice.user,
      to: bob.user,
      body: 'hello ✓',
      msgType: 'TEXT',
    })
    bob.client.read(serverMsgId)
    const expected = ['delivered', 'read'].map(name => `${name} ${serverMsgId} ${bob.user}`)
    await until(() => expected.every(sign => signs.includes(sign)), `only ${signs}`)
  })

  it('tells users apart whose ids are numbers beyond 2^53', async () => {
    const [even, odd] = ['9007199254740992', '9007199254740993']
    const alice = await clients.online(protocol)
    const bobs = [
      await clients.online(protocol, { user: even }),
      await clients.online(protocol, { user: odd }),
    ]
    await alice.client.send({ to: odd, body: 'odd' }).saved
    await alice.client.send({ to: even, body: 'even' }).saved
    for (const bob of bobs) await arrived(bob, 1)
    expect(bobs.map(({ received }) => received.map(({ to, body }) => `${to} ${body}`))).to.deep.equal([
      [`${even} even`],
      [`${odd} odd`],
    ])
  })

  it('has everything in order that came while it was away, more than may be outstanding', async () => {
    const alice = await clients.online(protocol, {}, { pacing: unpaced })
    const user = newUser('bob')
    const bodies = Array.from({ length: 300 }, (_, index) => String(index))
    await Promise.all(bodies.map(body => alice.client.send({ to: user, body }).saved))
    const bob = await clients.online(protocol, { user, index: 1 })
    await arrived(bob, bodies.length)
    expect(bob.received.map(({ body }) => body)).to.deep.equal(bodies)
  })

  it('keeps its connection while two send each other as much at once as they may', async () => {
    const pair = [await clients.online(protocol), await clients.online(protocol, { index: 1 })]
    const [alice, bob] = pair
    if (!alice || !bob) return
    const lost: string[] = []
    for (const { client } of pair)
      client.on('state', state => state.name === 'waiting' && lost.push(state.reason))
    const sendAll = ({ client }: LibraryClient, to: string) =>
      Array.from({ length: BURST }, (_, index) => client.send({ to, body: String(index) }).saved)
    await Promise.all([...sendAll(alice, bob.user), ...sendAll(bob, alice.user)])
    await Promise.all(pair.map(each => arrived(each, BURST)))
    expect(lost).to.deep.equal([])
  })

  it('does not get again what it has acknowledged', async () => {
    const alice = await clients.online(protocol)
    const bob = await clients.online(protocol, { index: 1 })
    const delivered: string[] = []
    alice.client.on('delivered', ({ serverMsgId }) => delivered.push(serverMsgId))
    const sent = Array.from({ length: 5 }, (_, index) =>
      alice.client.send({ to: bob.user, body: String(index) }),
    )
    const seqs = await Promise.all(sent.map(async ({ saved }) => (await saved).serverMsgId))
    await until(() => seqs.every(seq => delivered.includes(seq)), 'not all are acknowledged')
    bob.client.close()
    const again = await clients.online(protocol, { user: bob.user, index: 1 })
    await alice.client.send({ to: bob.user, body: 'new' }).saved
    await arrived(again, 1)
    expect(again.received.map(({ body }) => body)).to.deep.equal(['new'])
  })

  it('ends when another connection of its user takes over, and says so', async () => {
    const first = await clients.online(protocol)
    const kicks: string[] = []
    first.client.on('kicked', ({ reason }) => kicks.push(reason))
    await clients.online(protocol, { user: first.user, index: 1 })
    await until(() => first.client.state.name === 'closed', 'it goes on')
    expect(first.client.state).to.deep.equal({ name: 'closed', reason: 'kicked', code: 4500 })
    expect(kicks).to.deep.equal(['kicked'])
  })

  it('ends when its token is refused, and says why', async () => {
    const { client } = await clients.start(protocol, {}, { token: 'nonsense' })
    await until(() => client.state.name === 'closed', 'it goes on')
    expect(client.state).to.deep.equal({ name: 'closed', reason: 'invalid_token', code: 4503 })
  })

  it('tells those who share a conversation how its user is there', async () => {
    const [alice, bob] = [await clients.online(protocol), await clients.online(protocol, { index: 1 })]
    const told: string[] = []
    alice.client.on('presence', ({ userId, status }) => told.push(`${userId} ${status}`))
    await bob.client.send({ to: alice.user, body: 'here I am' }).saved
    await arrived(alice, 1)
    bob.client.setPresence('away')
    await until(() => told.includes(`${bob.user} away`), `only ${told}`)
    bob.client.setPresence('online')
    await until(() => told.at(-1) === `${bob.user} online`, `only ${told}`)
  })

  it('hands on what is said in a group', async () => {
    const groups = new GroupClients(target)
    const [owner, member] = await groups.people('owner', 'member')
    if (!owner || !member) return
    const group = await groups.group(owner, [member])
    const sender = await clients.online('json', { user: owner.id })
    const reader = await clients.online(protocol, { user: member.id, index: 1 })
    for (const body of ['1', '2', '3']) await sender.client.send({ groupId: group, body }).saved
    await arrived(reader, 3)
    expect(reader.received.map(({ groupId, body }) => `${groupId} ${body}`)).to.deep.equal(
      ['1', '2', '3'].map(body => `${group} ${body}`),
    )
  })
}

/** What the client's own pace lets it send at once. */
const BURST = usualPacing.messagesBurst

const unpaced = { framesPerSecond: 1e6, framesBurst: 1e6, messagesPerSecond: 1e6, messagesBurst: 64 }

function libraryAcross(target: () => Target, clients: LibraryClients): void {
  it('carries messages between the protocols', async () => {
    const [json, msgpack] = [await clients.online('json'), await clients.online('msgpack', { index: 1 })]
    await json.client.send({ to: msgpack.user, body: 'a picture', msgType: 'IMAGE' }).saved
    await msgpack.client.send({ to: json.user, body: 'a voice', msgType: 'VOICE' }).saved
    await Promise.all([arrived(json, 1), arrived(msgpack, 1)])
    expect(msgpack.received[0]).to.include({ from: json.user, body: 'a picture', msgType: 'IMAGE' })
    expect(json.received[0]).to.include({ from: msgpack.user, body: 'a voice', msgType: 'VOICE' })
  })

  it('carries a text of nearly 1 MiB over MessagePack', async () => {
    const [alice, bob] = [await clients.online('msgpack'), await clients.online('msgpack', { index: 1 })]
    const body = '€'.repeat(345_000)
    await alice.client.send({ to: bob.user, body }).saved
    await arrived(bob, 1)
    expect(bob.received[0]?.body === body).to.equal(true)
  })

  it('reads its messages over MessagePack page by page, and how far they have come', async () => {
    const [alice, user] = [await clients.online('json', {}, { pacing: unpaced }), newUser('bob')]
    const sent = Array.from({ length: 130 }, (_, index) =>
      alice.client.send({ to: user, body: String(index) }),
    )
    const seqs = await Promise.all(sent.map(async ({ saved }) => (await saved).serverMsgId))
    const delivered = new Set<string>()
    alice.client.on('delivered', ({ serverMsgId }) => delivered.add(serverMsgId))
    const bob = await clients.online('msgpack', { user, index: 1 })
    await until(() => delivered.size === seqs.length, 'not all are acknowledged')
    bob.client.read(seqs[9] ?? '')
    const status = async () => (await bob.client.sync()).messages[9]?.status
    await until(async () => (await status()) === 'read', 'it does not read as read')
    const first = await bob.client.sync()
    const second = await bob.client.sync(first.messages.at(-1)?.serverMsgId)
    const all = [...first.messages, ...second.messages]
    expect([first.hasMore, first.messages.length, second.hasMore]).to.deep.equal([true, 100, false])
    expect(all.map(({ serverMsgId }) => serverMsgId)).to.deep.equal(seqs)
    expect(all.map(each => each.status)).to.deep.equal(
      seqs.map((_, index) => (index < 10 ? 'read' : 'delivered')),
    )
    expect(all[0]).to.deep.include({ from: alice.user, body: '0' })
  })

  it('stays as long as its token is renewed, on either protocol', async () => {
    const expiring = Date.now() + 12_000
    const tokens = (user: string) => {
      const lives = [expiring, expiring + 3600_000]
      return () => signToken(target(), user, { exp: Math.floor((lives.shift() ?? 0) / 1000) })
    }
    const [alice, bob] = [newUser('alice'), newUser('bob')]
    const both = [
      await clients.online('json', { user: alice }, { token: tokens(alice) }),
      await clients.online('msgpack', { user: bob }, { token: tokens(bob) }),
    ]
    await until(() => Date.now() > expiring + 1500, 'time stands still', 20_000)
    const [first, second] = both.map(({ client }) => client)
    expect([first?.state.name, second?.state.name]).to.deep.equal(['online', 'online'])
  }).timeout(30_000)
}
