import { expect } from 'chai'
import type { ClientFrame } from '../../../gateway/connection/wire-protocol.ts'
import { MsgpackProtocol } from '../../../gateway/msgpack/msgpack-protocol.ts'
import type { PushEvent } from '../../../protocol/events.ts'
import { pack, unpack, type ValueMap } from '../../support/msgpack-by-hand.ts'

const protocol = () => new MsgpackProtocol({ connId: 'c1', idleMs: 1 })

const read = (of: MsgpackProtocol, type: number, payload: ValueMap | null, seq = 1): ClientFrame[] => {
  const taken: ClientFrame[] = []
  const bytes = pack({ type, seq, payload: payload && pack(payload) })
  of.decode(bytes, true, 'alice', frame => taken.push(frame))
  return taken
}
const said = (frame: string | Uint8Array | undefined): ValueMap => {
  const { payload, ...rest } = unpack(Buffer.from(frame as Uint8Array)) as ValueMap
  return { ...rest, payload: payload ? unpack(Buffer.from(payload as Uint8Array)) : null }
}

describe('the MessagePack protocol', () => {
  it('asks for each presence, and says how others are there', () => {
    for (const status of ['online', 'away', 'offline'] as const)
      expect(read(protocol(), 5, { status })).to.deep.equal([
        { kind: 'op', op: { op: 'presence', status }, ref: 1 },
      ])
    const away: PushEvent = { kind: 'presence', user: '10001', status: 'away', ts: 5 }
    expect(protocol().event(away).map(said)).to.deep.equal([
      { type: 104, seq: 0, payload: { user_id: 10_001, status: 'away' } },
    ])
  })

  it('says nothing of what its clients do not know', () => {
    const group = { from: 'a', group: '7', ts: 0 } as const
    const events: PushEvent[] = [
      {
        kind: 'entry',
        seq: 1,
        entry: { kind: 'notice', ...group, opId: 'o', ordinal: 0, change: { event: 'left' } },
      },
      { kind: 'entry', seq: 2, entry: { kind: 'revocation', ...group, target: 1 } },
      { kind: 'summary', conversations: [] },
    ]
    for (const event of events) expect(protocol().event(event)).to.deep.equal([])
    expect(protocol().pong()).to.equal(undefined)
  })

  it('has a group’s message with the group in place of a receiver', () => {
    const entry = {
      kind: 'group',
      from: '5',
      group: '7',
      clientMsgId: 'm',
      ordinal: 1,
      body: 'x',
      msgType: 'AUDIO',
      ts: 1999,
    } as const
    const [frame] = protocol().event({ kind: 'entry', seq: 9, entry })
    expect(said(frame).payload).to.include({
      conversation_id: 'group:7',
      to: 7,
      receiver_id: 7,
      type: 'voice',
      created_at: 1,
    })
  })

  it('answers a sender only when its Auth has asked for it', () => {
    const of = protocol()
    const sent = { seq: 5, ts: 1 }
    expect(of.accepted('alice', 'm', sent, 3)).to.equal(undefined)
    read(of, 1, { token: 't', acks: true })
    expect(said(of.accepted('alice', 'm', sent, 3))).to.deep.equal({
      type: 3,
      seq: 3,
      payload: { message_id: 5, status: 'accepted' },
    })
    read(of, 1, { token: 't' })
    expect(of.saved('alice', { to: 'bob' }, 'm', sent, 3)).to.equal(undefined)
  })

  it('takes types that every object has for what they are: text', () => {
    const entry = {
      kind: 'direct',
      from: 'a',
      to: 'b',
      clientMsgId: 'm',
      body: 'x',
      msgType: '__proto__',
      ts: 0,
    } as const
    const [frame] = protocol().event({ kind: 'entry', seq: 9, entry })
    expect(said(frame).payload).to.have.property('type', '__proto__')
  })
})
