import { expect } from 'chai'
import { unlimited } from '../support/cluster-target.ts'
import { MsgpackClient, type } from '../support/msgpack-client.ts'
import { PolitePair } from '../support/polite-pair.ts'
import { Standalone } from '../support/standalone.ts'
import { newUser, signToken } from '../support/target.ts'
import { until } from '../support/until.ts'

const IDLE_MS = 1500
const WRITE_MS = 1500
const MESSAGES = 5
/** Of 1 MB: more than both systems' socket buffers and the server's limit take together. */
const PAGES = 60
/** Twice the interval at which the server looks at its connections. */
const NOTICED_MS = 1000
/** What a message and its acknowledgements may take while somebody else does not read, on a machine that is busy. */
const USUAL_MS = 1000

describe('the limits of a MessagePack client', function () {
  this.timeout(30_000)
  let server: Standalone
  let client: MsgpackClient
  let me: string

  before(async () => {
    server = await Standalone.start({
      AUTH_TIMEOUT_MS: '400',
      MSGPACK_IDLE_TIMEOUT_MS: String(IDLE_MS),
      WRITE_TIMEOUT_MS: String(WRITE_MS),
      ...unlimited,
    })
  })
  after(() => server.stop())

  const connect = async (user: string) =>
    MsgpackClient.authenticated(server.url, await signToken(server, user))

  beforeEach(async () => {
    me = newUser('alice')
    client = await connect(me)
  })
  afterEach(() => client.socket.terminate())

  it('close it when it has sent no frame for so long, and not while it pings', async () => {
    const pinging = await connect(newUser('bob'))
    const pings = setInterval(() => pinging.send(type.ping, null), IDLE_MS / 4)
    const start = performance.now()
    expect(await client.closed).to.deep.equal({ code: 4000, reason: 'idle' })
    expect(performance.now() - start).to.be.within(IDLE_MS - 300, IDLE_MS + 2000)
    await pinging.settle()
    clearInterval(pings)
    expect(pinging.socket.readyState).to.equal(pinging.socket.OPEN)
    await pinging.close()
  })

  it('close it when it does not authenticate in time', async () => {
    const silent = await MsgpackClient.open(server.url, { subprotocol: 'homing.msgpack' })
    expect((await silent.next(type.error)).payload.code).to.equal('WS_NOT_AUTHENTICATED')
    expect(await silent.closed).to.deep.equal({ code: 4504, reason: 'auth_timeout' })
  })

  it('refuse messages over the rate as WS_RATE_LIMITED, by their numbers, and close at the third', async () => {
    const strict = await Standalone.start({ MESSAGES_PER_SECOND: '1', MESSAGES_BURST: String(MESSAGES) })
    try {
      const hasty = await MsgpackClient.authenticated(strict.url, await signToken(strict, me))
      const to = newUser('bob')
      const send = () => hasty.send(type.chat, { to, type: 'text', content: 'x' })
      const seqs = Array.from({ length: MESSAGES + 3 }, send)
      const refused = await hasty.atLeast(3, type.error, { code: 'WS_RATE_LIMITED' })
      expect(refused.map(({ seq }) => seq)).to.deep.equal(seqs.slice(MESSAGES))
      expect(await hasty.closed).to.deep.equal({ code: 4406, reason: 'too_many_requests' })
    } finally {
      await strict.stop()
    }
  })

  it('refuse one more connection of an address at the handshake, until another has gone', async () => {
    const small = await Standalone.start({ CONNECTIONS_PER_ADDRESS: '2' })
    try {
      const open = () => MsgpackClient.open(small.url)
      const [first] = [await open(), await open()]
      expect(await open().catch((error: Error) => error.message)).to.equal('HTTP 429')
      await first.close()
      const third = await until(() => open().catch(() => false as const), 'it stays full')
      await third.close()
    } finally {
      await small.stop()
    }
  })

  it('let it know when the server stops, by 1012', async () => {
    const stopped = await Standalone.start()
    const told = await MsgpackClient.authenticated(stopped.url, await signToken(stopped, me))
    const stopping = stopped.stop()
    expect(await told.closed).to.deep.equal({ code: 1012, reason: 'restarting' })
    await stopping
  })

  it('close it as slow when nothing of what waits for it leaves in time, and nobody else notices', async () => {
    client.socket.pause()
    await sendLarge(2 * MESSAGES)
    // It sends on, so that it is not closed for saying nothing.
    const pings = setInterval(() => client.send(type.ping, null), IDLE_MS / 4)
    const pair = await PolitePair.start(server, server.url)
    const start = performance.now()
    await until(() => performance.now() - start > WRITE_MS + NOTICED_MS, 'time stands still')
    clearInterval(pings)
    client.socket.resume()
    expect(await client.closed).to.deep.equal({ code: 4001, reason: 'slow' })
    await pair.stop()
    expect(pair.exchanged).to.be.above(MESSAGES)
    expect(pair.slowestMs).to.be.below(USUAL_MS)

    const back = await connect(me)
    await back.atLeast(2 * MESSAGES, type.chatPush, {}, 20_000)
    await back.close()
  })

  it('close it at once when it asks for more than may wait, and reads none of it', async () => {
    await sendLarge(2 * MESSAGES)
    client.socket.pause()
    for (let asked = 0; asked < PAGES; asked++) client.send(type.syncReq, { last_message_id: 0 })
    const start = performance.now()
    await until(() => performance.now() - start > NOTICED_MS, 'time stands still')
    client.socket.resume()
    expect(await client.closed).to.deep.equal({ code: 4001, reason: 'slow' })
    expect(client.all(type.syncRsp).length).to.be.below(PAGES)
  })

  /** Messages of 1 MB to the client. */
  const sendLarge = async (count: number) => {
    const token = await signToken(server, newUser('sender'))
    const sender = await MsgpackClient.authenticated(server.url, token, { acks: true })
    for (let n = 0; n < count; n++)
      sender.send(type.chat, { to: me, type: 'text', content: 'x'.repeat(1_000_000) })
    await sender.atLeast(count, type.ack, { status: 'saved' })
    await sender.close()
  }
})
