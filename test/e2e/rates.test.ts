import { expect } from 'chai'
import { Standalone } from '../support/standalone.ts'
import { newUser, signToken } from '../support/target.ts'
import { type Frame, WireClient } from '../support/wire-client.ts'

const FRAMES = 12
const MESSAGES = 5
const REASON = 'too_many_requests'

/** One token a second: while a test sends its burst, hardly one comes back. */
describe('rate limits', () => {
  let server: Standalone
  let alice: WireClient
  let bob: WireClient
  let a: string
  let b: string

  before(async () => {
    server = await Standalone.start({
      FRAMES_PER_SECOND: '1',
      FRAMES_BURST: String(FRAMES),
      MESSAGES_PER_SECOND: '1',
      MESSAGES_BURST: String(MESSAGES),
    })
  })
  after(() => server.stop())

  const connect = async (user: string) =>
    WireClient.open(server.url, { token: await signToken(server, user) })
  const sendAll = (client: WireClient, frames: readonly Frame[]) =>
    frames.forEach(frame => void client.send(frame))
  const messages = (from: number, to: number): Frame[] =>
    Array.from({ length: to - from + 1 }, (_, index) => ({
      type: 'SINGLE_CHAT',
      clientMsgId: `m${from + index}`,
      to: b,
      body: 'hi',
    }))
  const pings = (count: number): Frame[] => Array.from({ length: count }, () => ({ type: 'PING' }))

  beforeEach(async () => {
    a = newUser('alice')
    b = newUser('bob')
    alice = await connect(a)
    bob = await connect(b)
  })
  afterEach(() => {
    alice.socket.terminate()
    bob.socket.terminate()
  })

  it('a burst of frames is handled, two more are refused, the third closes', async () => {
    sendAll(alice, [...pings(FRAMES), { type: 'ACK', ackType: 'read', serverMsgId: 7 }, ...messages(1, 1)])
    await alice.next({ type: 'ERROR', reason: REASON, serverMsgId: '7' })
    await alice.next({ type: 'ERROR', reason: REASON, clientMsgId: 'm1' })
    expect(alice.all({ type: 'PONG' })).to.have.length(FRAMES)
    sendAll(alice, pings(3))
    expect(await alice.closed).to.deep.equal({ code: 4406, reason: REASON })
    expect(alice.all({ type: 'ERROR', reason: REASON })).to.have.length(3)
    await bob.settle()
    expect(bob.all({ type: 'SINGLE_CHAT' })).to.have.length(0)
  })

  it('a burst of messages is accepted, two more are refused, and the connection goes on', async () => {
    sendAll(alice, messages(1, MESSAGES + 2))
    await alice.atLeast(MESSAGES, { type: 'ACK', ackType: 'saved' })
    await alice.settle()
    expect(alice.all({ type: 'ERROR' })).to.deep.equal(
      messages(MESSAGES + 1, MESSAGES + 2).map(({ clientMsgId }) => ({
        type: 'ERROR',
        reason: REASON,
        clientMsgId,
      })),
    )
    await bob.atLeast(MESSAGES, { type: 'SINGLE_CHAT' })
    await bob.settle()
    expect(bob.all({ type: 'SINGLE_CHAT' }), 'a refused message is not handled').to.have.length(MESSAGES)
    sendAll(alice, messages(20, 22))
    expect(await alice.closed).to.deep.equal({ code: 4406, reason: REASON })
  })

  it('a refused message is accepted under the same clientMsgId on a connection with room', async () => {
    sendAll(alice, messages(1, MESSAGES + 1))
    await alice.next({ type: 'ERROR', reason: REASON })
    const again = await connect(a)
    sendAll(again, messages(MESSAGES + 1, MESSAGES + 1))
    await again.next({ type: 'ACK', ackType: 'saved' })
    expect(await bob.next({ type: 'SINGLE_CHAT', clientMsgId: `m${MESSAGES + 1}` })).to.include({
      body: 'hi',
    })
    await again.close()
  })

  it('one connection’s rates are its own', async () => {
    sendAll(alice, messages(1, MESSAGES + 1))
    await alice.next({ type: 'ERROR', reason: REASON })
    const other = await connect(newUser('carol'))
    sendAll(other, messages(1, MESSAGES))
    await other.atLeast(MESSAGES, { type: 'ACK', ackType: 'saved' })
    await other.close()
  })
})
