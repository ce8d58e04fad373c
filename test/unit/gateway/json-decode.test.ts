import { expect } from 'chai'
import fc from 'fast-check'
import { decodeJson } from '../../../gateway/json/decode.ts'
import { isReason } from '../../../protocol/errors.ts'

const decode = (frame: unknown) =>
  decodeJson(typeof frame === 'string' ? frame : JSON.stringify(frame), 'alice', 10)

describe('the JSON decoder', () => {
  it('reads a message with ids as numbers or strings', () => {
    const frame = { type: 'SINGLE_CHAT', clientMsgId: 1, to: 42, body: 'hi' }
    expect(decode(frame)).to.deep.equal({
      kind: 'op',
      op: { op: 'send', clientMsgId: '1', to: '42', body: 'hi', msgType: 'TEXT' },
    })
    expect(
      decode('{"type":"SINGLE_CHAT","clientMsgId":"a","to":9007199254740993,"body":"hi"}'),
    ).to.deep.include({
      op: { op: 'send', clientMsgId: 'a', to: '9007199254740993', body: 'hi', msgType: 'TEXT' },
    })
  })

  it('reads PRESENCE as telling or asking, with ids as numbers or strings', () => {
    expect(decode({ type: 'PRESENCE', status: 'away' })).to.deep.equal({
      kind: 'op',
      op: { op: 'presence', status: 'away' },
    })
    expect(decode({ type: 'PRESENCE', users: [42, 'bob'], status: 'away' })).to.deep.equal({
      kind: 'op',
      op: { op: 'presence-query', users: ['42', 'bob'] },
    })
  })

  it('counts characters as people do', () => {
    const ofLength = (body: string) => decode({ type: 'SINGLE_CHAT', clientMsgId: 'a', to: 'bob', body }).kind
    expect(ofLength('😀'.repeat(10))).to.equal('op')
    expect(ofLength('😀'.repeat(11))).to.equal('refused')
  })

  it('answers anything with a frame or a reason of the catalogue', () => {
    const value = fc.oneof(fc.anything(), fc.jsonValue(), fc.string())
    const frame = fc.record(
      {
        type: fc.oneof(fc.constantFrom('SINGLE_CHAT', 'ACK', 'AUTH', 'PING', 'REAUTH'), value),
        clientMsgId: value,
        to: value,
        body: value,
        ackType: value,
        serverMsgId: value,
        mentions: value,
        replyToServerMsgId: value,
        token: value,
      },
      { requiredKeys: ['type'] },
    )
    const texts = fc.oneof(fc.string(), fc.json(), frame.map(toText))
    fc.assert(
      fc.property(texts, text => {
        const decoded = decode(text)
        if (decoded.kind === 'refused') expect(isReason(decoded.reason)).to.equal(true)
      }),
      { numRuns: 2000 },
    )
  })
})

function toText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return ''
  }
}
