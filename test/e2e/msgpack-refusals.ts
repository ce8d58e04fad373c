import { expect } from 'chai'
import { pack, packMap, type ValueMap } from '../support/msgpack-by-hand.ts'
import { MsgpackClient, type } from '../support/msgpack-client.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'

const farAway = 2 ** 52

/** Each misuse of a payload, by what is wrong; the connection goes on. */
const payloads: readonly (readonly [
  code: string,
  when: string,
  frameType: number,
  payload: ValueMap | Uint8Array | null,
])[] = [
  ['WS_INVALID_PAYLOAD', 'a Chat without a payload', type.chat, null],
  ['WS_INVALID_PAYLOAD', 'a payload that is no MessagePack', type.chat, Buffer.from([0xc1])],
  ['WS_INVALID_PAYLOAD', 'a payload that is no map', type.chat, pack([1, 2])],
  [
    'WS_INVALID_PAYLOAD',
    'a payload that is cut short',
    type.chat,
    pack({ to: 1, type: 'text' }).subarray(0, 6),
  ],
  ['WS_INVALID_PAYLOAD', 'a payload with __proto__', type.chat, packMap([['__proto__', pack({ to: 1 })]])],
  ['WS_INVALID_PAYLOAD', 'a payload of nested arrays', type.chat, Buffer.alloc(100, 0x91)],
  ['WS_INVALID_PAYLOAD', 'a Chat to nobody', type.chat, { type: 'text', content: 'x' }],
  [
    'WS_INVALID_PAYLOAD',
    'a Chat of an unknown type',
    type.chat,
    { to: 1, type: 'constructor', content: 'x' },
  ],
  ['WS_INVALID_PAYLOAD', 'a Chat without content', type.chat, { to: 1, type: 'text' }],
  ['WS_INVALID_PAYLOAD', 'a Chat with empty content', type.chat, { to: 1, type: 'text', content: '' }],
  [
    'WS_INVALID_PAYLOAD',
    'a Chat whose content is no text',
    type.chat,
    { to: 1, type: 'text', content: { a: 1 } },
  ],
  [
    'WS_INVALID_PAYLOAD',
    'a Chat that the log could not hold',
    type.chat,
    { to: 1, type: 'text', content: '\u0001'.repeat(1_000_000) },
  ],
  [
    'WS_INVALID_PAYLOAD',
    'a bad client_msg_id',
    type.chat,
    { to: 1, type: 'text', content: 'x', client_msg_id: 'ä' },
  ],
  [
    'WS_USER_NOT_FOUND',
    'a Chat to what is nobody’s id',
    type.chat,
    { to: 'no body', type: 'text', content: 'x' },
  ],
  ['WS_USER_NOT_FOUND', 'a Chat to a fraction', type.chat, { to: 1.5, type: 'text', content: 'x' }],
  ['WS_USER_NOT_FOUND', 'a Chat to a list', type.chat, { to: [1], type: 'text', content: 'x' }],
  ['WS_INVALID_PAYLOAD', 'an Ack without a status', type.ack, { message_id: 1 }],
  ['WS_INVALID_PAYLOAD', 'an Ack of an unknown status', type.ack, { message_id: 1, status: 'sent' }],
  ['WS_INVALID_PAYLOAD', 'an Ack of nothing', type.ack, { status: 'read' }],
  ['WS_INVALID_PAYLOAD', 'an Ack of a negative number', type.ack, { message_id: -1, status: 'read' }],
  ['WS_INVALID_PAYLOAD', 'an Ack of no message', type.ack, { message_id: farAway, status: 'delivered' }],
  [
    'WS_INVALID_PAYLOAD',
    'an Ack beyond all messages',
    type.ack,
    { message_id: 2n ** 63n - 1n, status: 'read' },
  ],
  ['WS_INVALID_PAYLOAD', 'a SyncReq from no number', type.syncReq, { last_message_id: 'first' }],
  ['WS_INVALID_PAYLOAD', 'a Presence without a status', type.presence, null],
  ['WS_INVALID_PAYLOAD', 'a Presence of an unknown status', type.presence, { status: 'busy' }],
]

/** What is no frame of the protocol; the fourth in ten seconds closes. */
const frames: readonly (readonly [when: string, bytes: Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['an array', pack([1, 2, null])],
  ['a byte that MessagePack does not use', Buffer.from([0xc1])],
  ['a map that promises more', Buffer.from('df7fffffff', 'hex')],
  ['100 bytes of nested headers', Buffer.alloc(100, 0x91)],
  ['two frames in one', Buffer.concat([pack({ type: 6, seq: 1 }), pack({ type: 6, seq: 2 })])],
  [
    'a frame with __proto__',
    packMap([
      ['__proto__', pack({})],
      ['type', pack(6)],
    ]),
  ],
  ['a frame without a type', pack({ seq: 3, payload: null })],
  ['a type that is text', pack({ type: 'chat', seq: 3, payload: null })],
  ['a type that is unknown', pack({ type: 7, seq: 3, payload: null })],
  ['a type of the server’s', pack({ type: 102, seq: 3, payload: null })],
  ['a seq that is text', pack({ type: 6, seq: 'one', payload: null })],
]

/** The error code of each misuse, on any target. */
export function msgpackRefusalsSuite(target: () => Target): void {
  describe('what a MessagePack client does wrong', () => {
    let client: MsgpackClient
    let me: string

    beforeEach(async () => {
      me = newUser('mallory')
      client = await MsgpackClient.authenticated(gatewayOf(target(), 0), await signToken(target(), me))
    })
    afterEach(() => client.socket.terminate())

    for (const [code, when, frameType, payload] of payloads)
      it(`is ${code}: ${when}`, async () => {
        for (let times = 0; times < 5; times++) {
          const seq = client.send(frameType, payload)
          const { payload: error } = await client.next(type.error, {}, seq)
          expect(error.code).to.equal(code)
          expect(error).to.have.all.keys('code', 'message')
          expect(error.message).to.be.a('string').and.not.equal('')
        }
        await client.settle()
      })

    it('is WS_INVALID_PAYLOAD: a message to itself, and an acknowledgement of somebody else’s', async () => {
      const self = client.send(type.chat, { to: me, type: 'text', content: 'x' })
      expect((await client.next(type.error, {}, self)).payload.message).to.match(/^cannot_send_to_self/)
      const [a, b] = [newUser('alice'), newUser('bob')]
      const alice = await MsgpackClient.authenticated(gatewayOf(target(), 1), await signToken(target(), a), {
        acks: true,
      })
      alice.send(type.chat, { to: b, type: 'text', content: 'private' })
      const { payload } = await alice.next(type.ack, { status: 'saved' })
      const seq = client.send(type.ack, { message_id: payload.message_id ?? 0, status: 'read' })
      expect((await client.next(type.error, {}, seq)).payload.message).to.match(/^ack_not_allowed/)
      await alice.close()
    })

    for (const [when, bytes] of frames)
      it(`is WS_INVALID_MESSAGE, and closes when it goes on: ${when}`, async () => {
        for (let times = 0; times < 3; times++) client.sendBytes(bytes)
        await client.atLeast(3, type.error, { code: 'WS_INVALID_MESSAGE' })
        await client.settle()
        client.sendBytes(bytes)
        expect((await client.closed).code).to.equal(4505)
      })
  })
}
