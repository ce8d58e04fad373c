import { expect } from 'chai'
import WebSocket from 'ws'
import { StompClient, transports } from '../support/stomp-client.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { until } from '../support/until.ts'
import { WireClient } from '../support/wire-client.ts'

/** Document 002, section 1: connecting and authenticating, as STOMP has it; on any target. */
export function stompSessionSuite(target: () => Target): void {
  const url = (index = 0) => gatewayOf(target(), index)

  describe('a STOMP client that connects', () => {
    for (const path of ['/ws/chat/websocket', '/ws/agent/websocket', '/ws/chat', '/ws/agent'])
      it(`with a token in the CONNECT frame hears CONNECT_SUCCESS: ${path}`, async () => {
        const user = newUser('alice')
        const alice = await StompClient.connect(url(), await signToken(target(), user), { path })
        expect(alice.connected?.headers).to.include({ version: '1.2', 'user-name': user })
        const welcome = await alice.next('messages', { type: 'SYSTEM' })
        expect(welcome).to.include({ code: 'CONNECT_SUCCESS' })
        for (const time of [welcome.timestamp, welcome.createTime]) expect(time).to.be.a('number')
        expect(welcome.msgId).to.be.a('string').that.is.not.empty
        expect(welcome.content).to.equal('connected')
        expect(welcome.data).to.deep.equal({ userId: user })
        await alice.settle()
        expect(alice.heard.filter(({ queue }) => queue !== 'heartbeat')).to.have.length(1)
        await alice.close()
      })

    it('with a token in the URL is that user, whatever it says of itself', async () => {
      const user = newUser('alice')
      const token = await signToken(target(), user)
      const alice = await StompClient.open(url(), { query: { token }, headers: { login: 'mallory' } })
      expect(alice.connected?.headers['user-name']).to.equal(user)
      await alice.close()
    })

    it('with a bad token is refused: 401 at the handshake, ERROR and close at CONNECT', async () => {
      for (const transport of transports) {
        const query = { token: 'nonsense' }
        const refused = await StompClient.open(url(), { transport, query })
        expect(refused.connected, transport).to.equal(undefined)
      }
      for (const headers of [{ Authorization: 'Bearer nonsense' }, { token: 'nonsense' }, {}]) {
        const refused = await StompClient.open(url(), { headers })
        expect(refused.errors[0]?.headers.message).to.equal(
          'token' in headers || 'Authorization' in headers ? 'invalid_token' : 'missing_token',
        )
        expect(await refused.untilClosed()).to.include({ code: 4503 })
      }
      const status = await fetch(new URL('/ws/chat/info?token=nonsense', url())).then(answer => answer.status)
      expect(status).to.equal(401)
    })

    it('in any version speaks the highest it offers, and none of ours is an ERROR', async () => {
      const token = await signToken(target(), newUser('alice'))
      for (const [versions, agreed] of [
        [['1.0'], '1.0'],
        [['1.1', '1.0'], '1.1'],
        [['1.1', '1.2'], '1.2'],
      ] as const) {
        const alice = await StompClient.connect(url(), token, { versions: [...versions] })
        expect(alice.connected?.headers.version).to.equal(agreed)
        await alice.settle()
        await alice.close()
      }
      const heard = await untilClosed(url(), [`CONNECT\naccept-version:9.9\ntoken:${token}\n\n\0`])
      expect(heard.join()).to.contain('ERROR').and.to.contain('version:1.0,1.1,1.2')
    })

    it('is one connection of its user: a later one, of any protocol, takes its place', async () => {
      const token = await signToken(target(), newUser('alice'))
      for (const transport of transports) {
        const first = await StompClient.connect(url(0), token, { transport })
        const second = await WireClient.authenticated(url(1), token)
        expect(await first.untilClosed(), transport).to.deep.equal({ code: 4500, reason: 'kicked' })
        expect(first.errors[0]?.headers.message).to.equal('kicked')
        await second.close()
      }
    })

    it('hears what was for a queue before it subscribed', async () => {
      const [a, b] = [newUser('alice'), newUser('bob')]
      const alice = await StompClient.connect(url(0), await signToken(target(), a))
      const bob = await StompClient.connect(url(1), await signToken(target(), b), { queues: ['heartbeat'] })
      await alice.deliver(b, 'm1', 'early')
      await bob.settle()
      bob.subscribe('messages')
      await bob.next('messages', { msgId: 'm1', content: 'early' })
      expect(bob.all('messages').map(({ type }) => type)).to.deep.equal(['SYSTEM', 'CHAT'])
      await Promise.all([alice.close(), bob.close()])
    })

    it('has its heart-beats answered: frames’ and messages’', async () => {
      const alice = await StompClient.connect(url(), await signToken(target(), newUser('alice')))
      expect(alice.connected?.headers['heart-beat']).to.equal('10000,10000')
      alice.send('chat.heartbeat', '')
      const beat = await alice.next('heartbeat')
      expect(beat).to.include({ type: 'ACK', originalMsgId: 'heartbeat', status: 'SUCCESS' })
      await alice.close()
    })
  })

  describe('a STOMP frame', () => {
    let alice: StompClient
    beforeEach(async () => {
      alice = await StompClient.connect(url(), await signToken(target(), newUser('alice')))
    })
    afterEach(() => alice.close())

    it('with a receipt is answered with it', async () => {
      const receipts: string[] = []
      const watch = (id: string) => alice.client.watchForReceipt(id, () => receipts.push(id))
      for (const id of ['sent', 'sub:scribed', 'gone']) watch(id)
      alice.send('chat.heartbeat', '', { receipt: 'sent' })
      const subscription = alice.client.subscribe('/user/queue/reply', () => undefined, {
        receipt: 'sub:scribed',
        ack: 'client-individual',
      })
      subscription.unsubscribe({ receipt: 'gone' })
      await until(() => receipts.length === 3, `only ${receipts} came`)
      expect(receipts).to.deep.equal(['sent', 'sub:scribed', 'gone'])
    })

    for (const destination of [
      '/user/mallory/queue/messages',
      '/queue/messages',
      '/topic/all',
      '/user/queue/x',
    ])
      it(`that subscribes ${destination} is an ERROR`, async () => {
        alice.client.subscribe(destination, () => undefined)
        await alice.untilClosed()
        expect(alice.errors[0]?.headers.message).to.equal('not_your_queue')
      })

    it('that subscribes too much is an ERROR', async () => {
      for (let count = 0; count < 40; count++) alice.subscribe('messages')
      await alice.untilClosed()
      expect(alice.errors[0]?.headers.message).to.equal('too_many_subscriptions')
    })

    it('that sends to nowhere is told so', async () => {
      alice.send('chat.typing', {})
      expect(await alice.next('reply')).to.include({ type: 'SYSTEM', code: 'unknown_destination' })
      await alice.settle()
    })

    it('that is none is an ERROR', async () => {
      const token = await signToken(target(), newUser('bob'))
      for (const wrong of ['SING\n\n\0', 'SEND\nno colon\n\n\0', 'BEGIN\ntransaction:t\n\n\0']) {
        const heard = await untilClosed(url(), [`CONNECT\naccept-version:1.2\ntoken:${token}\n\n\0`, wrong])
        expect(heard.at(-1)).to.contain('ERROR').and.to.contain('message:bad_frame')
      }
    })

    it('before CONNECT is an ERROR', async () => {
      const heard = await untilClosed(url(), ['SUBSCRIBE\nid:1\ndestination:/user/queue/messages\n\n\0'])
      expect(heard.join()).to.contain('ERROR').and.to.contain('unauthorized')
    })
  })
}

/** Sends frames as they are, each after an answer to the one before, and keeps what it hears until it is put out. */
async function untilClosed(url: string, frames: readonly string[]): Promise<string[]> {
  const socket = new WebSocket(new URL('/ws/chat', url.replace(/^http/, 'ws')))
  const heard: string[] = []
  const [first = '', ...rest] = frames
  socket.on('open', () => socket.send(first))
  socket.on('message', data => {
    heard.push(data.toString())
    const next = rest.shift()
    if (next !== undefined) socket.send(next)
  })
  await until(() => socket.readyState === socket.CLOSED, 'the connection stays open')
  return heard
}
