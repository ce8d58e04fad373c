import { expect } from 'chai'
import { int16, int32, int64, pack, packMap, uint64 } from '../support/msgpack-by-hand.ts'
import { MsgpackClient, type } from '../support/msgpack-client.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { WireClient } from '../support/wire-client.ts'

/** Each row of the contract's two tables, on any target. */
export function msgpackTablesSuite(target: () => Target): void {
  const connect = async (index: number, user: string | number, acks = false) =>
    MsgpackClient.authenticated(gatewayOf(target(), index), await signToken(target(), user), { acks })

  describe('a MessagePack client', () => {
    let alice: MsgpackClient
    let bob: MsgpackClient
    /** Decimal ids, as document 004 has them. */
    let a: number
    let b: number
    let users = 0

    beforeEach(async () => {
      a = Number(`7${process.pid}${++users}1`)
      b = Number(`7${process.pid}${users}2`)
      alice = await connect(0, a, true)
      bob = await connect(1, b)
    })
    afterEach(() => {
      for (const client of [alice, bob]) {
        expect(client.texts, 'text for a client of binary frames').to.deep.equal([])
        client.socket.terminate()
      }
    })

    it('authenticates with its first frame, and is told its id', async () => {
      const client = await MsgpackClient.open(gatewayOf(target(), 0))
      const seq = client.send(type.auth, { token: await signToken(target(), a) }, 41)
      const { payload } = await client.next(type.authRsp, {}, seq)
      expect(payload).to.deep.equal({ success: true, user_id: a })
      await client.close()
    })

    it('sends a message that is pushed with all its fields, and hears accepted, saved, delivered and read', async () => {
      const before = Math.floor(Date.now() / 1000)
      const seq = alice.send(type.chat, { to: b, type: 'text', content: 'hello 😀' })
      const accepted = await alice.next(type.ack, { status: 'accepted' }, seq)
      const saved = await alice.next(type.ack, { status: 'saved' }, seq)
      const { payload, seq: pushSeq } = await bob.next(type.chatPush)
      const id = payload.message_id
      expect(id).to.be.a('number')
      expect(pushSeq).to.equal(0)
      const { created_at, ...rest } = payload
      const ids = [String(a), String(b)].sort()
      expect(rest).to.deep.equal({
        message_id: id,
        id,
        from: a,
        sender_id: a,
        to: b,
        receiver_id: b,
        conversation_id: `direct:${ids[0]}:${ids[1]}`,
        type: 'text',
        content: 'hello 😀',
        status: 'sent',
      })
      expect(created_at).to.be.within(before - 1, before + 60)
      expect(accepted.payload).to.deep.equal({ message_id: id, status: 'accepted' })
      expect(saved.payload).to.deep.equal({ message_id: id, status: 'saved' })

      bob.send(type.ack, { message_id: id ?? 0, status: 'delivered' })
      bob.send(type.ack, { message_id: id ?? 0, status: 'read' })
      for (const status of ['delivered', 'read']) {
        const receipt = await alice.next(type.ack, { status })
        expect(receipt.payload).to.deep.equal({ message_id: id, status, user_id: b })
        expect(receipt.seq).to.equal(0)
      }
    })

    for (const chatType of ['text', 'voice', 'image'])
      it(`sends ${chatType}, which is the same to the receiver`, async () => {
        alice.send(type.chat, { to: b, type: chatType, content: 'x' })
        expect((await bob.next(type.chatPush)).payload.type).to.equal(chatType)
      })

    it('hears nothing of its own frames unless it has asked for it', async () => {
      bob.send(type.chat, { to: a, type: 'text', content: 'hi' })
      await alice.next(type.chatPush, { content: 'hi' })
      await bob.settle()
      expect(bob.all(type.ack)).to.deep.equal([])
    })

    it('has its frames answered by their own numbers, also where two carry one client_msg_id', async () => {
      const message = { to: b, type: 'text', content: 'once', client_msg_id: 'same' }
      const seqs = [
        alice.send(type.chat, message),
        alice.send(type.chat, message),
        alice.send(type.chat, message),
      ]
      const conflict = alice.send(type.chat, { ...message, content: 'other' })
      const ids = new Set<unknown>()
      for (const seq of seqs) {
        ids.add((await alice.next(type.ack, { status: 'accepted' }, seq)).payload.message_id)
        await alice.next(type.ack, { status: 'saved' }, seq)
      }
      expect(ids.size).to.equal(1)
      const { payload } = await alice.next(type.error, {}, conflict)
      expect(payload.code).to.equal('WS_INVALID_PAYLOAD')
      await bob.next(type.chatPush)
      await bob.settle()
      expect(bob.all(type.chatPush)).to.have.length(1)
    })

    it('needs no client_msg_id: its connection and the number of its frame stand in', async () => {
      const seq = alice.send(type.chat, { to: b, type: 'text', content: 'one' })
      alice.send(type.chat, { to: b, type: 'text', content: 'one' }, seq)
      alice.send(type.chat, { to: b, type: 'text', content: 'one' })
      await alice.atLeast(3, type.ack, { status: 'saved' })
      await bob.atLeast(2, type.chatPush)
      await bob.settle()
      expect(bob.all(type.chatPush)).to.have.length(2)
    })

    it('pings with any payload, and is answered with its number and nil', async () => {
      for (const payload of [null, new Uint8Array(0), Buffer.from([0xc1])]) {
        const seq = alice.send(type.ping, payload)
        expect((await alice.next(type.pong, {}, seq)).payload).to.deep.equal({})
      }
      alice.sendBytes(pack({ type: type.ping, seq: 2 ** 40 }))
      await alice.next(type.pong, {}, 2 ** 40)
      alice.sendBytes(
        packMap([
          ['type', int16(6)],
          ['seq', int64(-(2n ** 62n))],
        ]),
      )
      await alice.next(type.pong, {}, -(2n ** 62n))
    })

    it('may write integers in any width, text as bin, and keys that nobody knows', async () => {
      const chat = packMap([
        ['to', uint64(BigInt(b))],
        ['type', pack(Buffer.from('text'))],
        ['content', pack(Buffer.from('wide'))],
        ['constructor', pack({ toString: 1 })],
        ['hasOwnProperty', pack([1, 2, { deep: [] }])],
      ])
      alice.sendBytes(
        packMap([
          ['type', int64(2n)],
          ['seq', int32(7)],
          ['payload', pack(chat)],
          ['x', pack(1.5)],
        ]),
      )
      await alice.next(type.ack, { status: 'saved' }, 7)
      const { payload } = await bob.next(type.chatPush, { content: 'wide' })
      bob.send(type.ack, { message_id: BigInt(payload.message_id as number), status: 'delivered' })
      await alice.next(type.ack, { status: 'delivered', message_id: payload.message_id ?? 0 })
      const raw = Buffer.from(chat).toString('latin1')
      const asText = Buffer.concat([Buffer.from([0xd9, chat.length]), Buffer.from(raw, 'latin1')])
      alice.sendBytes(
        packMap([
          ['type', pack(2)],
          ['seq', pack(8)],
          ['payload', asText],
        ]),
      )
      await alice.next(type.ack, { status: 'saved' }, 8)
    })

    it('has user ids beyond 2^53 exactly as numbers, and others as text', async () => {
      const big = 9_007_199_254_740_993n + BigInt(process.pid)
      const name = newUser('carol')
      const toBig = await connect(0, String(big))
      const carol = await connect(1, name)
      expect(toBig.all(type.authRsp)[0]?.payload.user_id).to.equal(big)
      expect(carol.all(type.authRsp)[0]?.payload.user_id).to.equal(name)
      carol.send(type.chat, { to: big, type: 'text', content: 'as a number' })
      carol.send(type.chat, { to: String(big), type: 'text', content: 'as text' })
      toBig.send(type.chat, { to: name, type: 'text', content: 'back' })
      for (const content of ['as a number', 'as text'])
        expect((await toBig.next(type.chatPush, { content })).payload).to.include({
          from: name,
          to: big,
          receiver_id: big,
        })
      expect((await carol.next(type.chatPush)).payload).to.include({ from: big, sender_id: big, to: name })
      await Promise.all([toBig.close(), carol.close()])
    })

    it('talks with JSON clients, who see the same messages', async () => {
      const name = newUser('dave')
      const dave = await WireClient.authenticated(gatewayOf(target(), 1), await signToken(target(), name))
      alice.send(type.chat, { to: name, type: 'image', content: 'pic', client_msg_id: 'p1' })
      const message = await dave.next({ type: 'SINGLE_CHAT' })
      expect(message).to.include({ from: String(a), body: 'pic', msgType: 'IMAGE', clientMsgId: 'p1' })
      dave.send({ type: 'ACK', ackType: 'read', serverMsgId: message.serverMsgId })
      const id = Number(message.serverMsgId)
      expect((await alice.next(type.ack, { message_id: id, status: 'read' })).payload.user_id).to.equal(name)
      dave.send({ type: 'SINGLE_CHAT', clientMsgId: 'd1', to: a, body: 'seen', msgType: 'CUSTOM' })
      expect((await alice.next(type.chatPush)).payload).to.include({
        from: name,
        type: 'custom',
        content: 'seen',
      })
      await dave.close()
    })

    it('carries a message as large as a frame may be, alone and many of them waiting', async function () {
      this.timeout(60_000)
      const frame = (content: string) =>
        pack({ type: type.chat, seq: 1, payload: pack({ to: b, type: 'text', content }) })
      const content = 'x'.repeat(1_048_576 - frame('').length - 12)
      const room = 1_048_576 - frame(content).length
      const full = content + 'y'.repeat(room)
      expect(frame(full).length).to.equal(1_048_576)
      alice.sendBytes(frame(full))
      expect((await bob.next(type.chatPush, {}, undefined, 30_000)).payload.content === full).to.equal(true)
      await bob.close()
      const many = Array.from({ length: 5 }, (_, n) => `${n}`.repeat(700_000))
      for (const text of many) alice.send(type.chat, { to: b, type: 'text', content: text })
      await alice.atLeast(1 + many.length, type.ack, { status: 'saved' }, 30_000)
      bob = await connect(1, b)
      const got = await bob.atLeast(1 + many.length, type.chatPush, {}, 30_000)
      expect(got.map(({ payload }) => String(payload.content)[0])).to.deep.equal([
        'x',
        '0',
        '1',
        '2',
        '3',
        '4',
      ])
    })
  })
}
