import { expect } from 'chai'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { WireClient } from '../support/wire-client.ts'

/** Messages between two connected users, on any target. */
export function sendingSuite(target: () => Target): void {
  const connect = async (index: number, user: string | number) =>
    WireClient.authenticated(gatewayOf(target(), index), await signToken(target(), user))

  describe('a message between two connected users', () => {
    let alice: WireClient
    let bob: WireClient
    let a: string
    let b: string

    beforeEach(async () => {
      a = newUser('alice')
      b = newUser('bob')
      alice = await connect(0, a)
      bob = await connect(1, b)
    })
    afterEach(() => {
      alice.socket.terminate()
      bob.socket.terminate()
    })

    it('arrives once, and its sender is told accepted, saved, delivered and read', async () => {
      alice.send({ type: 'SINGLE_CHAT', clientMsgId: 'm1', to: b, body: 'hello' })
      const accepted = await alice.next({ type: 'ACK', ackType: 'accepted', clientMsgId: 'm1' })
      const saved = await alice.next({ type: 'ACK', ackType: 'saved', clientMsgId: 'm1' })
      const message = await bob.next({ type: 'SINGLE_CHAT', clientMsgId: 'm1' })
      expect(accepted).to.include({ from: a, serverMsgId: message.serverMsgId })
      expect(saved).to.include({ from: a, serverMsgId: message.serverMsgId })
      expect(message).to.include({ from: a, to: b, body: 'hello', msgType: 'TEXT' })
      expect(message.serverMsgId).to.match(/^[1-9]\d*$/)
      expect(message.ts).to.be.a('number')

      bob.send({ type: 'ACK', ackType: 'delivered', serverMsgId: message.serverMsgId })
      bob.send({ type: 'ACK', ackType: 'read', serverMsgId: message.serverMsgId })
      const { serverMsgId } = message
      expect(await alice.next({ type: 'ACK', ackType: 'delivered', serverMsgId })).to.include({ from: b })
      expect(await alice.next({ type: 'ACK', ackType: 'read', serverMsgId })).to.include({ from: b })
      await bob.settle()
      expect(bob.all({ type: 'SINGLE_CHAT' })).to.have.length(1)
    })

    it('carries what its sender wrote, and nothing that was absent', async () => {
      alice.send({
        type: 'SINGLE_CHAT',
        clientMsgId: 'm1',
        to: b,
        body: 'ünïcode "quoted" \\ \u2028 😀',
        msgType: 'IMAGE',
        mentions: [b],
        important: true,
        replyToServerMsgId: '7',
        ts: 1,
        from: 'mallory',
      })
      const message = await bob.next({ type: 'SINGLE_CHAT' })
      expect(message).to.deep.include({
        body: 'ünïcode "quoted" \\ \u2028 😀',
        msgType: 'IMAGE',
        mentions: [b],
        important: true,
        replyToServerMsgId: '7',
        from: a,
      })
      expect(Math.abs(Date.now() - Number(message.ts))).to.be.below(60_000)
      alice.send({ type: 'SINGLE_CHAT', clientMsgId: 'm2', to: b, body: 'plain' })
      expect(await bob.next({ type: 'SINGLE_CHAT', clientMsgId: 'm2' })).to.have.all.keys(
        'type',
        'clientMsgId',
        'serverMsgId',
        'from',
        'to',
        'msgType',
        'body',
        'ts',
      )
    })

    it('has one serverMsgId however often it is repeated, and is delivered once', async () => {
      const frame = { type: 'SINGLE_CHAT', clientMsgId: 'again', to: b, body: 'once' }
      alice.send(frame)
      const first = await alice.next({ type: 'ACK', ackType: 'saved', clientMsgId: 'again' })
      for (let repeat = 0; repeat < 5; repeat++) {
        alice.send(frame)
        const ack = await alice.next({ type: 'ACK', ackType: 'saved', clientMsgId: 'again' })
        expect(ack.serverMsgId).to.equal(first.serverMsgId)
      }
      await bob.next({ type: 'SINGLE_CHAT', clientMsgId: 'again' })
      await bob.settle()
      expect(bob.all({ type: 'SINGLE_CHAT' })).to.have.length(1)
    })

    it('is a conflict when its clientMsgId stands for another body or recipient', async () => {
      alice.send({ type: 'SINGLE_CHAT', clientMsgId: 'm1', to: b, body: 'one' })
      alice.send({ type: 'SINGLE_CHAT', clientMsgId: 'm1', to: b, body: 'two' })
      alice.send({ type: 'SINGLE_CHAT', clientMsgId: 'm1', to: newUser('carol'), body: 'one' })
      const reason = 'client_msg_id_conflict'
      await alice.atLeast(2, { type: 'ERROR', clientMsgId: 'm1', reason })
      await bob.next({ type: 'SINGLE_CHAT', body: 'one' })
      await bob.settle()
      expect(bob.all({ type: 'SINGLE_CHAT' })).to.have.length(1)
    })

    it('keeps its place among 500 sent at once in both directions, and ids only grow', async function () {
      this.timeout(60_000)
      const count = 50
      for (let i = 0; i < count; i++) {
        alice.send({ type: 'SINGLE_CHAT', clientMsgId: `a${i}`, to: b, body: `a${i}` })
        bob.send({ type: 'SINGLE_CHAT', clientMsgId: `b${i}`, to: a, body: `b${i}` })
      }
      const toBob = await bob.atLeast(count, { type: 'SINGLE_CHAT' })
      const toAlice = await alice.atLeast(count, { type: 'SINGLE_CHAT' })
      expect(toBob.map(({ body }) => body)).to.deep.equal(Array.from({ length: count }, (_, i) => `a${i}`))
      expect(toAlice.map(({ body }) => body)).to.deep.equal(Array.from({ length: count }, (_, i) => `b${i}`))
      for (const frames of [toBob, toAlice]) {
        const seqs = frames.map(({ serverMsgId }) => Number(serverMsgId))
        expect(seqs).to.deep.equal([...seqs].sort((x, y) => x - y))
      }
    })
  })

  describe('user ids', () => {
    it('may be numbers in frames and tokens, and are strings in what the server says', async () => {
      const [a, b] = [Number(`8${process.pid}1`), Number(`8${process.pid}2`)]
      const alice = await connect(0, a)
      const bob = await connect(1, b)
      alice.send({ type: 'SINGLE_CHAT', clientMsgId: 'm1', to: b, body: 'hi' })
      expect(await bob.next({ type: 'SINGLE_CHAT' })).to.include({ from: String(a), to: String(b) })
      expect(await alice.next({ type: 'ACK', ackType: 'saved' })).to.include({ from: String(a) })
      await Promise.all([alice.close(), bob.close()])
    })

    it('are exact beyond 2^53', async () => {
      const big = `9007199254740993${process.pid % 10}`
      const bob = await connect(1, big)
      const alice = await connect(0, newUser('alice'))
      alice.send(`{"type":"SINGLE_CHAT","clientMsgId":"m1","to":${big},"body":"hi"}`)
      expect(await bob.next({ type: 'SINGLE_CHAT' })).to.include({ to: big })
      await Promise.all([alice.close(), bob.close()])
    })
  })
}
