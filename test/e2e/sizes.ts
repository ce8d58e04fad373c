import { expect } from 'chai'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { WireClient } from '../support/wire-client.ts'

const MAX_FRAME_BYTES = 65_536
const MAX_BODY = 4096
const MAX_FRAGMENTS = 64

/** How large a frame and a body may be, on any target. */
export function sizesSuite(target: () => Target): void {
  let client: WireClient
  let bob: WireClient
  let b: string

  beforeEach(async () => {
    b = newUser('bob')
    client = await WireClient.open(gatewayOf(target(), 0), {
      token: await signToken(target(), newUser('alice')),
    })
    bob = await WireClient.authenticated(gatewayOf(target(), 1), await signToken(target(), b))
  })
  afterEach(() => {
    client.socket.terminate()
    bob.socket.terminate()
  })

  /** A PING of so many bytes. */
  const ping = (bytes: number): string => {
    const frame = (pad: string) => `{"type":"PING","pad":"${pad}"}`
    return frame('x'.repeat(bytes - frame('').length))
  }

  const sendFragments = (text: string, count: number) => {
    const size = Math.ceil(text.length / count)
    for (let part = 0; part < count; part++)
      client.socket.send(text.slice(part * size, (part + 1) * size), { fin: part === count - 1 })
  }

  describe('a body', () => {
    for (const [what, character] of [
      ['ASCII', 'x'],
      ['astral', '😀'],
    ] as const) {
      it(`of 4,096 ${what} characters arrives whole, one more is refused`, async () => {
        const body = character.repeat(MAX_BODY)
        client.send({ type: 'SINGLE_CHAT', clientMsgId: 'long', to: b, body: body + character })
        client.send({ type: 'SINGLE_CHAT', clientMsgId: 'full', to: b, body })
        await client.next({ type: 'ERROR', clientMsgId: 'long', reason: 'body_too_long' })
        await client.next({ type: 'ACK', clientMsgId: 'full', ackType: 'saved' })
        expect((await bob.next({ type: 'SINGLE_CHAT' })).body).to.equal(body)
        await bob.settle()
        expect(bob.all({ type: 'SINGLE_CHAT' })).to.have.length(1)
      })
    }

    it('with half a surrogate pair is the same text to everybody, and to its own repeat', async () => {
      const frame = {
        type: 'SINGLE_CHAT',
        clientMsgId: 'm1',
        to: b,
        body: 'lone \ud800',
        msgType: `${'x'.repeat(31)}😀`,
      }
      client.send(frame)
      const { serverMsgId } = await client.next({ type: 'ACK', ackType: 'saved' })
      const live = await bob.next({ type: 'SINGLE_CHAT' })
      expect(live.body).to.equal('lone \ufffd')
      const again = await WireClient.authenticated(gatewayOf(target(), 0), await signToken(target(), b))
      expect(await again.next({ type: 'SINGLE_CHAT' })).to.deep.equal(live)
      client.send(frame)
      expect(await client.next({ type: 'ACK', ackType: 'saved' })).to.include({ serverMsgId })
      await again.close()
    })
  })

  describe('a frame', () => {
    it('of 65,536 bytes is handled, one byte more closes with 1009', async () => {
      client.send(ping(MAX_FRAME_BYTES))
      await client.atLeast(1, { type: 'PONG' })
      client.send(ping(MAX_FRAME_BYTES + 1))
      expect(await client.closed).to.include({ code: 1009 })
    })

    it('may come in 64 fragments', async () => {
      sendFragments(ping(MAX_FRAME_BYTES), MAX_FRAGMENTS)
      await client.atLeast(1, { type: 'PONG' })
    })

    it('in more fragments, or larger together, closes', async () => {
      sendFragments(ping(1000), MAX_FRAGMENTS + 1)
      expect(await client.closed).to.include({ code: 1008 })
      client = await WireClient.open(gatewayOf(target(), 0))
      sendFragments(ping(MAX_FRAME_BYTES + 1), 4)
      expect(await client.closed).to.include({ code: 1009 })
    })

    it('that is no UTF-8 closes with 1007', async () => {
      client.socket.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false })
      expect(await client.closed).to.include({ code: 1007 })
    })
  })
}
