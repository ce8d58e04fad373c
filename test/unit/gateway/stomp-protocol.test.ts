import { expect } from 'chai'
import type { Session } from '../../../gateway/auth/tokens.ts'
import type { ClientFrame } from '../../../gateway/connection/wire-protocol.ts'
import { agreeHeartBeat } from '../../../gateway/stomp/heart-beat.ts'
import { StompProtocol } from '../../../gateway/stomp/stomp-protocol.ts'
import { Subscriptions } from '../../../gateway/stomp/subscriptions.ts'

const session: Session = { user: 'alice', sv: 0, expiresAt: Number.MAX_SAFE_INTEGER }

/** A protocol as a connection uses it, and what it took. */
function connected(headers = ''): {
  protocol: StompProtocol
  taken: ClientFrame[]
  send: (text: string) => void
} {
  const taken: ClientFrame[] = []
  const protocol = new StompProtocol({ token: 'handshake', pingMs: 1, idleMs: 2, bound: () => undefined })
  const send = (text: string) =>
    protocol.decode(Buffer.from(text), false, undefined, frame => taken.push(frame))
  send(`CONNECT\naccept-version:1.2\n${headers}\n\0`)
  protocol.authenticated(session)
  return { protocol, taken, send }
}

describe('the STOMP protocol', () => {
  it('takes CONNECT’s token before the handshake’s', () => {
    expect(connected().taken).to.deep.equal([{ kind: 'auth', token: 'handshake', ordered: false }])
    expect(connected('Authorization:Bearer own\n').taken[0]).to.include({ token: 'own' })
    expect(connected('token:own\n').taken[0]).to.include({ token: 'own' })
  })

  it('takes nothing between CONNECT and CONNECTED, and nothing after a bad frame', () => {
    const taken: ClientFrame[] = []
    const protocol = new StompProtocol({ token: 't', pingMs: 1, idleMs: 2, bound: () => undefined })
    const send = (text: string) =>
      protocol.decode(Buffer.from(text), false, undefined, frame => taken.push(frame))
    send('CONNECT\n\n\0SEND\ndestination:/app/chat.heartbeat\n\n\0')
    expect(taken[1]).to.include({ kind: 'refused', reason: 'unauthorized' })
    send('nonsense\n\n\0')
    send('CONNECT\n\n\0')
    expect(taken.slice(2)).to.deep.equal([{ kind: 'refused', reason: 'bad_frame', about: {} }])
  })

  it('says with an ERROR which frame it is about', () => {
    const { protocol, send } = connected()
    let error: string | undefined
    protocol.decode(
      Buffer.from('SUBSCRIBE\nid:1\ndestination:/topic/x\nreceipt:r1\n\n\0'),
      false,
      undefined,
      frame => {
        if (frame.kind === 'refused') error = protocol.refused(frame.reason, frame.about)
      },
    )
    expect(error).to.contain('receipt-id:r1').and.to.contain('message:not_your_queue')
    send('\n')
    expect(protocol.refused('kicked', {})).not.to.contain('receipt-id')
  })

  it('gives each subscription of a queue its copy', () => {
    const { protocol, send } = connected()
    send('SUBSCRIBE\nid:one\ndestination:/user/queue/reply\nack:client\n\n\0')
    send('SUBSCRIBE\nid:two\ndestination:/user/queue/reply\n\n\0')
    const frames = String(protocol.saved('alice', { to: 'bob' }, 'm1', { seq: 7, ts: 0 })).split('\0')
    expect(frames[0]).to.contain('subscription:one').and.to.contain('ack:')
    expect(frames[1]).to.contain('subscription:two').and.not.to.contain('ack:')
    send('UNSUBSCRIBE\nid:one\n\n\0')
    expect(
      String(protocol.saved('alice', { to: 'bob' }, 'm1', { seq: 7, ts: 0 })).split('\0'),
    ).to.have.length(2)
  })

  it('beats as the two sides agree', () => {
    expect(connected().protocol.liveness).to.deep.equal({ beat: undefined, beatMs: 1, idleMs: 2 })
    expect(connected('heart-beat:20000,0\n').protocol.liveness).to.deep.equal({
      beat: undefined,
      beatMs: 1,
      idleMs: 50_000,
    })
    expect(connected('heart-beat:0,5000\n').protocol.liveness).to.deep.equal({
      beat: '\n',
      beatMs: 9000,
      idleMs: 2,
    })
    for (const nonsense of [undefined, '', '1', 'a,b', '-1,-1', '1,2,3'])
      expect(agreeHeartBeat(nonsense)).to.include({ sendMs: undefined, silentMs: undefined })
  })
})

describe('what waits for a subscription', () => {
  it('is given once, in order, the newest of too much', () => {
    const subscriptions = new Subscriptions()
    for (let n = 0; n < 500; n++) subscriptions.receivers('messages', `m${n}`)
    const first = subscriptions.subscribe('1', '/user/queue/messages', false)
    expect(first.ok && first.kept).to.deep.equal(Array.from({ length: 200 }, (_, n) => `m${300 + n}`))
    const second = subscriptions.subscribe('2', '/user/queue/messages', false)
    expect(second.ok && second.kept).to.deep.equal([])
  })

  it('is bounded in size, too', () => {
    const subscriptions = new Subscriptions()
    for (let n = 0; n < 10; n++) subscriptions.receivers('messages', `${n}${'x'.repeat(100_000)}`)
    const outcome = subscriptions.subscribe('1', '/user/queue/messages', false)
    expect(outcome.ok && outcome.kept.map(body => body[0])).to.deep.equal(['8', '9'])
  })
})
