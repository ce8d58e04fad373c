import { expect } from 'chai'
import { directConversation } from '../../protocol/ids.ts'
import { api } from '../support/api.ts'
import { Standalone } from '../support/standalone.ts'
import { newUser, signToken } from '../support/target.ts'
import { type Frame, WireClient } from '../support/wire-client.ts'

describe('a server set up otherwise', function () {
  this.timeout(30_000)

  let server: Standalone
  afterEach(() => server.stop())

  const connect = async (user: string, claims: Record<string, unknown> = {}) =>
    WireClient.authenticated(server.url, await signToken(server, user, claims))
  const bodies = (client: WireClient, fields: Frame = {}) =>
    client.all({ type: 'SINGLE_CHAT', ...fields }).map(({ body }) => body)

  it('without TWO_PHASE_ENABLED says saved only, without DELIVER_BEFORE_SAVED delivers what history shows', async () => {
    server = await Standalone.start({ TWO_PHASE_ENABLED: 'false', DELIVER_BEFORE_SAVED: 'false' })
    const [a, b] = [newUser('alice'), newUser('bob')]
    const alice = await connect(a)
    const bob = await connect(b)
    const texts = Array.from({ length: 20 }, (_, index) => `m${index}`)
    const token = await signToken(server, b)
    for (const body of texts) alice.send({ type: 'SINGLE_CHAT', clientMsgId: body, to: b, body })
    for (const body of texts) {
      const { serverMsgId } = await bob.next({ type: 'SINGLE_CHAT', body })
      const path = `/api/chat/messages/session/${directConversation(a, b)}?before=${Number(serverMsgId) + 1}&limit=1`
      const { data } = (await api(server.url, path, { token })).body
      expect((data as { content: string }[]).map(({ content }) => content)).to.deep.equal([body])
    }
    await alice.atLeast(texts.length, { type: 'ACK' })
    await alice.settle()
    expect(
      alice.all({ type: 'ACK' }).map(({ ackType, clientMsgId }) => [ackType, clientMsgId]),
    ).to.deep.equal(texts.map(text => ['saved', text]))
    expect(bodies(bob)).to.deep.equal(texts)
  })

  it('with three connections a user kicks the oldest for a fourth, and pushes to all', async () => {
    server = await Standalone.start({ MAX_CONNECTIONS_PER_USER: '3' })
    const [a, b] = [newUser('alice'), newUser('bob')]
    const alice = await connect(a)
    const oldest = await connect(b, { device: 'phone' })
    const others = [await connect(b, { device: 'tablet' }), await connect(b, { device: 'laptop' })]
    alice.send({ type: 'SINGLE_CHAT', clientMsgId: 'm1', to: b, body: 'to three' })
    for (const client of [oldest, ...others]) await client.next({ type: 'SINGLE_CHAT', body: 'to three' })

    const newest = await connect(b, { device: 'watch' })
    expect(await oldest.closed).to.deep.equal({ code: 4500, reason: 'kicked' })
    alice.send({ type: 'SINGLE_CHAT', clientMsgId: 'm2', to: b, body: 'to the newer three' })
    for (const client of [...others, newest]) {
      const { serverMsgId } = await client.next({ type: 'SINGLE_CHAT', body: 'to the newer three' })
      client.send({
        type: 'SINGLE_CHAT',
        clientMsgId: `re ${client === newest}${serverMsgId}`,
        to: a,
        body: 'thanks',
      })
      await client.next({ type: 'ACK', ackType: 'saved' })
      await client.settle()
      expect(bodies(client, { from: a }), 'no connection gets a message twice').to.have.members([
        'to three',
        'to the newer three',
      ])
    }
    expect(bodies(oldest)).to.deep.equal(['to three'])
  })

  it('with several connections a user leaves the others alone at a login, and ends all at a logout', async () => {
    server = await Standalone.start({ MAX_CONNECTIONS_PER_USER: '2' })
    const login = async () => {
      const { body } = await api(server.url, '/auth/login', { body: { username: 'bob', password: 'secret' } })
      return (body.data as { accessToken: string }).accessToken
    }
    const [first, second] = [await login(), await login()]
    const clients = [
      await WireClient.authenticated(server.url, first),
      await WireClient.authenticated(server.url, second),
    ]
    for (const client of clients) await client.settle()
    await api(server.url, '/auth/logout', { token: second, method: 'POST' })
    for (const client of clients)
      expect(await client.closed).to.deep.equal({ code: 4501, reason: 'session_invalid' })
  })

  it('with one connection per device a newer one of the device kicks its older, and no other', async () => {
    server = await Standalone.start({ DEVICE_POLICY: 'per-device', MAX_DEVICES_PER_USER: '3' })
    const [a, b] = [newUser('alice'), newUser('bob')]
    const alice = await connect(a)
    const [phone, laptop] = [await connect(b, { device: 'phone' }), await connect(b, { device: 'laptop' })]
    const newPhone = await connect(b, { device: 'phone' })
    expect(await phone.closed).to.deep.equal({ code: 4500, reason: 'kicked' })
    const tablet = await connect(b, { device: 'tablet' })
    alice.send({ type: 'SINGLE_CHAT', clientMsgId: 'm1', to: b, body: 'to three' })
    for (const client of [newPhone, laptop, tablet])
      await client.next({ type: 'SINGLE_CHAT', body: 'to three' })

    const watch = await connect(b, { device: 'watch' })
    expect(await laptop.closed, 'the oldest of a fourth device').to.deep.equal({
      code: 4500,
      reason: 'kicked',
    })
    for (const client of [newPhone, tablet, watch]) await client.settle()
  })

  it('with one connection a user whose token allows more has more, up to the most there may be', async () => {
    server = await Standalone.start({ MAX_DEVICES_PER_USER: '2' })
    const user = newUser('bob')
    const several = { device_policy: 50 }
    const clients = [await connect(user, several), await connect(user, several)]
    for (const client of clients) await client.settle()
    await connect(user, several)
    expect(await clients[0]?.closed).to.deep.equal({ code: 4500, reason: 'kicked' })
    await clients[1]?.settle()
    await connect(user)
    expect(await clients[1]?.closed, 'whose token says nothing').to.deep.equal({
      code: 4500,
      reason: 'kicked',
    })
  })

  it('does not start with a device policy that is none', async () => {
    const refused = await Standalone.start({ DEVICE_POLICY: 'several' }).catch(
      (error: Error) => error.message,
    )
    expect(refused).to.match(/HOMING_DEVICE_POLICY: must be/)
    server = await Standalone.start()
  })

  it('with ALLOWED_ORIGINS lets browsers connect from those pages only', async () => {
    server = await Standalone.start({ ALLOWED_ORIGINS: 'https://app.example, https://other.example' })
    const open = (origin: string) => WireClient.open(server.url, { headers: { origin } })
    for (const origin of ['https://app.example', 'https://other.example']) await (await open(origin)).close()
    for (const origin of ['https://app.example.evil', 'http://app.example', 'null', server.url]) {
      const refused = await open(origin).catch((error: Error) => error.message)
      expect(refused, origin).to.equal('HTTP 403 origin_not_allowed')
    }
  })
})
