import { expect } from 'chai'
import { pack } from '../support/msgpack-by-hand.ts'
import { MsgpackClient, type } from '../support/msgpack-client.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { until } from '../support/until.ts'
import { WireClient } from '../support/wire-client.ts'

/** Getting in, and which of the two protocols of `/ws` a connection speaks; on any target. */
export function msgpackSessionSuite(target: () => Target): void {
  const open = (options: Parameters<typeof MsgpackClient.open>[1] = {}) =>
    MsgpackClient.open(gatewayOf(target(), 0), options)
  const message = { type: 'SINGLE_CHAT', body: 'hi' }

  describe('an Auth frame', () => {
    it('with a token that is no good is answered, and the connection closed', async () => {
      for (const [token, error] of [
        ['', 'missing_token'],
        ['nonsense', 'invalid_token'],
        [await signToken(target(), 'x', { exp: 1 }), 'invalid_token'],
      ] as const) {
        const client = await open()
        const seq = client.send(type.auth, { token }, 5)
        expect((await client.next(type.authRsp, {}, seq)).payload).to.deep.equal({ success: false, error })
        expect((await client.next(type.error, {}, seq)).payload.code).to.equal('WS_AUTH_FAILED')
        expect((await client.closed).code).to.equal(4503)
      }
    })

    it('with an outdated session version closes with 4501', async () => {
      const user = newUser('alice')
      const newer = await MsgpackClient.authenticated(
        gatewayOf(target(), 0),
        await signToken(target(), user, { sv: 5 }),
      )
      const client = await open()
      client.send(type.auth, { token: await signToken(target(), user, { sv: 4 }) })
      expect((await client.next(type.authRsp)).payload).to.deep.equal({
        success: false,
        error: 'session_invalid',
      })
      expect((await client.closed).code).to.equal(4501)
      await newer.close()
    })

    it('has to come first: another frame closes, and says why', async () => {
      for (const [frameType, payload] of [
        [type.chat, { to: 1, type: 'text', content: 'x' }],
        [type.ping, null],
        [99, null],
      ] as const) {
        const client = await open()
        const seq = client.send(frameType, payload, 77)
        const { payload: error } = await client.next(type.error, {}, seq)
        expect(error.code).to.equal(frameType === 99 ? 'WS_INVALID_MESSAGE' : 'WS_NOT_AUTHENTICATED')
        expect((await client.closed).code).to.equal(4503)
      }
    })

    it('may come again: the same user’s renews, another’s closes', async () => {
      const user = newUser('alice')
      const client = await MsgpackClient.authenticated(
        gatewayOf(target(), 0),
        await signToken(target(), user),
      )
      const seq = client.send(type.auth, { token: await signToken(target(), user) })
      expect((await client.next(type.authRsp, {}, seq)).payload).to.deep.equal({
        success: true,
        user_id: user,
      })
      const other = client.send(type.auth, { token: await signToken(target(), newUser('mallory')) })
      expect((await client.next(type.error, {}, other)).payload.code).to.equal('WS_AUTH_FAILED')
      expect((await client.closed).code).to.equal(4503)
    })
  })

  describe('a connection of /ws', () => {
    let a: string
    let b: string
    let token: string
    let alice: WireClient

    beforeEach(async () => {
      a = newUser('alice')
      b = newUser('bob')
      token = await signToken(target(), b)
      alice = await WireClient.authenticated(gatewayOf(target(), 1), await signToken(target(), a))
    })
    afterEach(() => alice.socket.terminate())

    const send = async (clientMsgId: string) => {
      alice.send({ ...message, clientMsgId, to: b, body: clientMsgId })
      await alice.next({ type: 'ACK', ackType: 'saved', clientMsgId })
    }

    it('speaks MessagePack from its first frame on, also when its handshake has brought the token', async () => {
      await send('before')
      const bob = await open({ token })
      bob.send(type.ping, null)
      await bob.next(type.chatPush, { content: 'before' })
      await send('after')
      await bob.next(type.chatPush, { content: 'after' })
      const seq = bob.send(type.auth, { token, acks: true })
      expect((await bob.next(type.authRsp, {}, seq)).payload).to.deep.equal({ success: true, user_id: b })
      expect(bob.texts).to.deep.equal([])
      await bob.close()
    })

    it('speaks MessagePack at once where the subprotocol says so', async () => {
      await send('m1')
      const bob = await open({ token, subprotocol: 'homing.msgpack' })
      expect(bob.socket.protocol).to.equal('homing.msgpack')
      await bob.next(type.chatPush, { content: 'm1' })
      bob.socket.send('{"type":"PING"}')
      expect((await bob.next(type.error)).payload.code).to.equal('WS_INVALID_MESSAGE')
      await bob.settle()
      await bob.close()
    })

    it('gives JSON to who says nothing, and all of it again in MessagePack to who turns out to speak that', async () => {
      for (let n = 0; n < 150; n++) alice.send({ ...message, clientMsgId: `m${n}`, to: b, body: `m${n}` })
      await alice.atLeast(150, { type: 'ACK', ackType: 'saved' })
      const bob = await MsgpackClient.open(gatewayOf(target(), 0), { token })
      const chats = () =>
        bob.texts.map(text => JSON.parse(text)).filter(frame => frame.type === 'SINGLE_CHAT')
      await until(() => chats().length >= 150, 'not all of it came')
      expect(chats().map(({ body }) => body)).to.deep.equal(Array.from({ length: 150 }, (_, n) => `m${n}`))
      bob.send(type.ping, null)
      const taken: unknown[] = []
      while (taken.length < 150) {
        const { payload } = await bob.next(type.chatPush)
        taken.push(payload.content)
        bob.send(type.ack, { message_id: payload.message_id ?? 0, status: 'delivered' })
      }
      expect(taken).to.deep.equal(Array.from({ length: 150 }, (_, n) => `m${n}`))
      expect(chats()).to.have.length(150)
      await bob.settle()
      await bob.close()
    })

    it('that speaks JSON refuses binary frames, and the other way round; the fourth closes', async () => {
      const json = await WireClient.authenticated(gatewayOf(target(), 0), token)
      const binary = pack({ type: type.ping, seq: 1, payload: null })
      for (let count = 0; count < 4; count++) json.socket.send(binary)
      expect(await json.closed).to.deep.equal({ code: 4505, reason: 'bad_json' })
      const bob = await MsgpackClient.authenticated(gatewayOf(target(), 0), token)
      for (let count = 0; count < 4; count++) bob.socket.send('{"type":"PING"}')
      await bob.atLeast(4, type.error, { code: 'WS_INVALID_MESSAGE' })
      expect(await bob.closed).to.deep.equal({ code: 4505, reason: 'bad_msgpack' })
    })

    it('takes binary frames of 1 MiB and texts of 64 KiB, and closes with 1009 over either', async () => {
      const bob = await MsgpackClient.authenticated(gatewayOf(target(), 0), token)
      const ping = (bytes: number) => {
        const frame = (pad: number) => pack({ type: type.ping, seq: 9, payload: Buffer.alloc(pad) })
        return frame(bytes - frame(2 ** 17).length + 2 ** 17)
      }
      expect(ping(1_048_576).length).to.equal(1_048_576)
      bob.sendBytes(ping(1_048_576))
      await bob.next(type.pong, {}, 9)
      bob.sendBytes(ping(1_048_577))
      expect((await bob.closed).code).to.equal(1009)
      const json = await WireClient.authenticated(gatewayOf(target(), 0), token)
      json.send(`{"type":"PING","pad":"${'x'.repeat(65_536)}"}`)
      json.send({ type: 'PING' })
      expect((await json.closed).code).to.equal(1009)
      expect(json.all({ type: 'PONG' })).to.have.length(0)
    })

    it('is kicked by a newer one, whatever either speaks', async () => {
      const first = await MsgpackClient.authenticated(gatewayOf(target(), 0), token)
      const second = await WireClient.authenticated(gatewayOf(target(), 1), token)
      expect((await first.next(type.error)).payload).to.deep.equal({
        code: 'WS_NOT_AUTHENTICATED',
        message: 'kicked: a newer connection of this user has been bound',
      })
      expect((await first.closed).code).to.equal(4500)
      const third = await MsgpackClient.authenticated(gatewayOf(target(), 0), token)
      expect(await second.closed).to.include({ code: 4500 })
      await third.close()
    })

    it('is refused at the handshake from a page of somebody else’s', async () => {
      const refused = await open({ headers: { origin: 'https://evil.example' } }).catch(
        (error: Error) => error.message,
      )
      expect(refused).to.equal('HTTP 403')
    })
  })
}
