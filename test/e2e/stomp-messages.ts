import { expect } from 'chai'
import { directConversation } from '../../protocol/ids.ts'
import { api, unreadOf } from '../support/api.ts'
import { StompClient, transports } from '../support/stomp-client.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { WireClient } from '../support/wire-client.ts'

/** Document 002, section 2: direct messages between customers and agents; on any target. */
export function stompMessagesSuite(target: () => Target): void {
  const url = (index: number) => gatewayOf(target(), index)

  for (const transport of transports)
    it(`messages go both ways over ${transport}, and are acknowledged once, when saved`, async () => {
      const [c, a] = [newUser('customer'), newUser('agent')]
      const customer = await StompClient.connect(url(0), await signToken(target(), c), { transport })
      const agent = await StompClient.connect(url(1), await signToken(target(), a, { role: 'agent' }), {
        transport,
        path: transport === 'raw' ? '/ws/agent/websocket' : '/ws/agent',
      })
      const sessionId = directConversation(a, c)
      const content = 'hällo "quoted" \\ \u2028 \0 😀\r\n'
      const saved = await customer.deliver(a, 'c1', content)
      expect(saved).to.include({ type: 'ACK', status: 'SUCCESS', sessionId })
      const chat = await agent.next('messages', { type: 'CHAT' })
      expect(chat).to.include({
        msgId: 'c1',
        serverMsgId: saved.serverMsgId,
        sessionId,
        chatType: 'SINGLE',
        fromUserId: c,
        toUserId: a,
        content,
        messageType: 'TEXT',
      })
      await agent.deliver(c, 'a1', 'answer')
      await customer.next('messages', { msgId: 'a1', fromUserId: a, content: 'answer' })
      await customer.settle()
      expect(customer.all('reply')).to.have.length(1)
      await Promise.all([customer.close(), agent.close()])
    })

  describe('a message over STOMP', () => {
    let a: string
    let b: string
    let alice: StompClient
    let bob: StompClient
    beforeEach(async () => {
      a = newUser('alice')
      b = newUser('bob')
      alice = await StompClient.connect(url(0), await signToken(target(), a))
      bob = await StompClient.connect(url(1), await signToken(target(), b))
    })
    afterEach(() => Promise.all([alice.close(), bob.close()]))

    it('is from who is authenticated, whoever it says', async () => {
      alice.send('chat.sendMessage', { msgId: 'm1', fromUserId: 'mallory', toUserId: b, content: 'hi' })
      expect(await bob.next('messages', { msgId: 'm1' })).to.include({ fromUserId: a })
    })

    it('is stored once however often it is repeated, and another under its id FAILs', async () => {
      const first = await alice.deliver(b, 'm1', 'once')
      alice.send('chat.sendMessage', { msgId: 'm1', toUserId: b, content: 'once' })
      const [, second] = await alice.atLeast(2, 'reply', { status: 'SUCCESS' })
      expect(second?.serverMsgId).to.equal(first.serverMsgId)
      alice.send('chat.sendMessage', { msgId: 'm1', toUserId: b, content: 'twice' })
      expect(await alice.next('reply', { status: 'FAIL' })).to.include({ reason: 'client_msg_id_conflict' })
      await bob.settle()
      expect(bob.all('messages', { type: 'CHAT' })).to.have.length(1)
    })

    it('gets an id where its sender gave none', async () => {
      alice.send('chat.sendMessage', { toUserId: b, content: 'hi' })
      const { originalMsgId } = await alice.next('reply', { status: 'SUCCESS' })
      await bob.next('messages', { msgId: originalMsgId })
    })

    it('may have 5,000 characters', async () => {
      const content = '😀'.repeat(5000)
      expect(await alice.deliver(b, 'm1', content)).to.include({ status: 'SUCCESS' })
      expect(await bob.next('messages', { msgId: 'm1' })).to.include({ content })
    })

    for (const [what, wrong, reason] of [
      ['5,001 characters', { content: 'x'.repeat(5001) }, 'body_too_long'],
      ['no content', { content: '' }, 'missing_body'],
      ['no recipient', { toUserId: null }, 'missing_to'],
      ['a recipient that cannot be', { toUserId: 'a b' }, 'bad_to'],
      ['an unknown type', { messageType: 'SMELL' }, 'bad_msg_type'],
    ] as const)
      it(`with ${what} FAILs`, async () => {
        alice.send('chat.sendMessage', { msgId: 'm1', toUserId: b, content: 'hi', ...wrong })
        expect(await alice.next('reply', { originalMsgId: 'm1' })).to.include({
          type: 'ACK',
          status: 'FAIL',
          errorCode: 'MESSAGE_SEND_FAILED',
          reason,
        })
        await alice.settle()
      })

    it('to oneself FAILs, to a group of others, too', async () => {
      expect(await alice.deliver(a, 'm1', 'hi')).to.include({ status: 'FAIL', reason: 'cannot_send_to_self' })
      alice.send('group.sendMessage', { msgId: 'g1', groupId: 'nobodys', content: 'hi' })
      expect(await alice.next('reply', { originalMsgId: 'g1' })).to.include({
        status: 'FAIL',
        errorCode: 'GROUP_MESSAGE_SEND_FAILED',
        reason: 'not_group_member',
      })
    })

    it('is the same to clients of other protocols, which tell when it is read', async () => {
      const c = newUser('carol')
      const carol = await WireClient.authenticated(url(1), await signToken(target(), c))
      const { serverMsgId } = await alice.deliver(c, 'm1', 'hi')
      expect(await carol.next({ type: 'SINGLE_CHAT' })).to.include({
        clientMsgId: 'm1',
        serverMsgId,
        from: a,
      })
      carol.send({ type: 'SINGLE_CHAT', clientMsgId: 'm2', to: a, body: 'hello', msgType: 'TEXT' })
      const { sessionId } = await alice.next('messages', { msgId: 'm2', content: 'hello' })
      alice.send('chat.ack', { sessionId, msgIds: ['m2'] })
      await carol.next({ type: 'ACK', ackType: 'read', from: a })
      await carol.close()
    })
  })

  it('to an absent user is stored, counted, and not pushed when the user is back', async () => {
    const [a, b] = [newUser('alice'), newUser('bob')]
    const alice = await StompClient.connect(url(0), await signToken(target(), a))
    for (const msgId of ['m1', 'm2']) await alice.deliver(b, msgId, msgId)
    const token = await signToken(target(), b)
    expect(await unreadOf(url(1), b, token)).to.deep.equal({ [directConversation(a, b)]: 2 })
    const bob = await StompClient.connect(url(1), token)
    await bob.next('offline-summary')
    await alice.deliver(b, 'm3', 'live')
    await bob.next('messages', { msgId: 'm3' })
    await bob.settle()
    expect(bob.all('messages', { type: 'CHAT' }).map(({ msgId }) => msgId)).to.deep.equal(['m3'])
    await bob.close()

    const history = `/api/chat/messages/session/${directConversation(a, b)}`
    const { body } = await api(url(0), history, { token })
    const ids = (body.data as { msgId: string }[]).map(({ msgId }) => msgId)
    expect(ids).to.deep.equal(['m3', 'm2', 'm1'])
    await alice.close()
  })

  it('300 messages at once in both directions arrive once and in order, and nothing waits for an acknowledgement', async () => {
    const [a, b] = [newUser('alice'), newUser('bob')]
    const alice = await StompClient.connect(url(0), await signToken(target(), a))
    const bob = await StompClient.connect(url(1), await signToken(target(), b))
    const ids = Array.from({ length: 300 }, (_, index) => `m${index}`)
    for (const msgId of ids) {
      alice.send('chat.sendMessage', { msgId, toUserId: b, content: msgId })
      bob.send('chat.sendMessage', { msgId, toUserId: a, content: msgId })
    }
    for (const client of [alice, bob]) {
      const chats = await client.atLeast(ids.length, 'messages', { type: 'CHAT' })
      expect(chats.map(({ msgId }) => msgId)).to.deep.equal(ids)
      await client.atLeast(ids.length, 'reply', { status: 'SUCCESS' })
    }
    await Promise.all([alice.close(), bob.close()])
  })
}
