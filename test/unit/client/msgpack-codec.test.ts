import { encode } from '@msgpack/msgpack'
import { expect } from 'chai'
import fc from 'fast-check'
import type { ClientFrame } from '../../../client/frames.ts'
import { MsgpackCodec } from '../../../client/msgpack/msgpack-codec.ts'
import { MsgpackWire } from './scripted-wire.ts'

const userId = fc.stringMatching(/^[A-Za-z0-9_@-]{1,64}$/)
const seqs = fc.bigInt({ min: 1n, max: 2n ** 53n - 1n }).map(String)
const clientMsgId = fc.stringMatching(/^[\x20-\x7e]{1,128}$/)

const frames: fc.Arbitrary<ClientFrame> = fc.oneof(
  fc.record({
    type: fc.constant('SINGLE_CHAT' as const),
    clientMsgId,
    to: fc.oneof(userId, seqs),
    body: fc.string({ unit: 'grapheme', minLength: 1 }),
  }),
  fc.record({
    type: fc.constant('ACK' as const),
    ackType: fc.constantFrom('delivered' as const, 'read' as const),
    serverMsgId: seqs,
  }),
  fc.record({ type: fc.constant('SYNC' as const), clientMsgId, after: fc.oneof(seqs, fc.constant('0')) }),
  fc.record({ type: fc.constant('PRESENCE' as const), status: fc.constantFrom('online' as const, 'away') }),
)

describe('the MessagePack codec', () => {
  it('writes frames that read as they were meant', () => {
    fc.assert(
      fc.property(frames, frame => {
        const read = new MsgpackWire().read(Buffer.from(new MsgpackCodec().encode(frame)))
        const { clientMsgId: _, ...expected } = frame as ClientFrame & { clientMsgId?: string }
        expect(read).to.deep.include(frame.type === 'SYNC' ? expected : frame)
      }),
    )
  })

  it('takes whatever bytes come, and answers a frame or nothing', () => {
    const anything = fc.anything({ maxDepth: 3, values: [fc.string(), fc.integer(), fc.constant(null)] })
    const types = fc.constantFrom(3, 101, 102, 103, 104, 105, 106, 107, -1, null, 'text')
    const payloads = fc.oneof(
      anything.map(each => encode(each)),
      anything,
      fc.uint8Array(),
    )
    const wires = fc.record({ type: types, seq: anything, payload: payloads }).map(each => encode(each))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), wires), data => {
        const frame = new MsgpackCodec().decode(data)
        if (frame) expect(frame.type).to.match(/^[A-Z_]+$/)
      }),
      { numRuns: 2000 },
    )
  })

  it('reads the integers of every width, and what arrives in a buffer of its own or as part of one', () => {
    const ids = [1, 200, 60_000, 4_000_000_000, 2n ** 53n + 1n]
    for (const id of ids) {
      const payload = encode({ user_id: id, message_id: id, status: 'read' }, { useBigInt64: true })
      const bytes = encode({ type: 3, seq: 0, payload })
      const padded = new Uint8Array([0, ...bytes, 0]).subarray(1, -1)
      for (const data of [bytes.slice().buffer, bytes, padded, Buffer.from(bytes)])
        expect(new MsgpackCodec().decode(data)).to.include({ from: String(id), serverMsgId: String(id) })
    }
  })
})
