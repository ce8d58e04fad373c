import { expect } from 'chai'
import { directConversation } from '../../protocol/ids.ts'
import { api, unreadOf } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { WireClient } from '../support/wire-client.ts'

/** What was sent while a user was away, on any target. */
export function offlineSuite(target: () => Target): void {
  const texts = (client: WireClient) => client.all({ type: 'SINGLE_CHAT' }).map(({ body }) => body)

  const sendAll = async (from: string, to: string, bodies: readonly string[]) => {
    const sender = await WireClient.authenticated(gatewayOf(target(), 0), await signToken(target(), from))
    for (const body of bodies) {
      sender.send({ type: 'SINGLE_CHAT', clientMsgId: body, to, body })
      await sender.next({ type: 'ACK', ackType: 'saved', clientMsgId: body })
    }
    await sender.close()
  }

  it('messages to an absent user come in order at each bind until they are acknowledged, then never', async () => {
    const [a, b] = [newUser('alice'), newUser('bob')]
    const bodies = ['one', 'two', 'three', 'four']
    await sendAll(a, b, bodies)
    const token = await signToken(target(), b)
    // An acknowledgement has no answer; that it has been taken is what its message's sender hears.
    const alice = await WireClient.authenticated(gatewayOf(target(), 0), await signToken(target(), a))
    const taken = (count: number) => alice.atLeast(count, { type: 'ACK', ackType: 'delivered' })

    const first = await WireClient.authenticated(gatewayOf(target(), 1), token)
    const received = await first.atLeast(4, { type: 'SINGLE_CHAT' })
    expect(texts(first)).to.deep.equal(bodies)
    first.send({ type: 'ACK', ackType: 'received', serverMsgId: received[0]?.serverMsgId })
    first.send({ type: 'ACK', ackType: 'delivered', serverMsgId: received[2]?.serverMsgId })
    await taken(2)
    await first.close()

    const second = await WireClient.authenticated(gatewayOf(target(), 0), token)
    const again = await second.atLeast(3, { type: 'SINGLE_CHAT' })
    expect(texts(second), 'the cursor moves over what is contiguous').to.deep.equal(bodies.slice(1))
    second.send({ type: 'ACK', ackType: 'delivered', serverMsgId: again.at(-1)?.serverMsgId, upTo: true })
    await taken(5)
    await second.close()
    await alice.close()

    const third = await WireClient.authenticated(gatewayOf(target(), 1), token)
    await sendAll(a, b, ['five'])
    await third.next({ type: 'SINGLE_CHAT' })
    expect(texts(third)).to.deep.equal(['five'])
    await third.close()
  })

  it('a backlog of 450 comes 200 at a time, as the client acknowledges', async function () {
    this.timeout(60_000)
    const [a, b] = [newUser('alice'), newUser('bob')]
    const sender = await WireClient.authenticated(gatewayOf(target(), 0), await signToken(target(), a))
    const bodies = Array.from({ length: 450 }, (_, index) => `m${index}`)
    for (const body of bodies) {
      sender.send({ type: 'SINGLE_CHAT', clientMsgId: body, to: b, body })
      await sender.next({ type: 'ACK', ackType: 'accepted', clientMsgId: body })
    }
    const bob = await WireClient.authenticated(gatewayOf(target(), 1), await signToken(target(), b))
    for (const outstanding of [200, 400, 450]) {
      const frames = await bob.atLeast(outstanding, { type: 'SINGLE_CHAT' })
      await bob.settle()
      expect(bob.all({ type: 'SINGLE_CHAT' })).to.have.length(outstanding)
      bob.send({ type: 'ACK', ackType: 'delivered', serverMsgId: frames.at(-1)?.serverMsgId, upTo: true })
    }
    expect(texts(bob)).to.deep.equal(bodies)
    await Promise.all([sender.close(), bob.close()])
  })

  it('unread counts are right after each step', async () => {
    const [a, b, c] = [newUser('alice'), newUser('bob'), newUser('carol')]
    const url = gatewayOf(target(), 1)
    const token = await signToken(target(), b)
    const [withA, withC] = [directConversation(a, b), directConversation(b, c)]
    expect(await unreadOf(url, b, token)).to.deep.equal({})
    await sendAll(a, b, ['a1', 'a2', 'a3'])
    await sendAll(c, b, ['c1'])
    expect(await unreadOf(url, b, token)).to.deep.equal({ [withA]: 3, [withC]: 1 })

    const bob = await WireClient.authenticated(url, token)
    const frames = await bob.atLeast(4, { type: 'SINGLE_CHAT' })
    for (const { serverMsgId } of frames) bob.send({ type: 'ACK', ackType: 'delivered', serverMsgId })
    await bob.settle()
    expect(await unreadOf(url, b, token), 'delivered is not read').to.deep.equal({ [withA]: 3, [withC]: 1 })
    bob.send({ type: 'ACK', ackType: 'ack_read', serverMsgId: frames[1]?.serverMsgId })
    // An acknowledgement has no answer.
    await eventually(async () =>
      expect(await unreadOf(url, b, token)).to.deep.equal({ [withA]: 1, [withC]: 1 }),
    )
    await sendAll(a, b, ['a4'])
    expect(await unreadOf(url, b, token)).to.deep.equal({ [withA]: 2, [withC]: 1 })

    bob.send({ type: 'SINGLE_CHAT', clientMsgId: 'reply', to: a, body: 'my own send reads the conversation' })
    await bob.next({ type: 'ACK', ackType: 'saved', clientMsgId: 'reply' })
    expect(await unreadOf(url, b, token)).to.deep.equal({ [withC]: 1 })
    const single = await api(url, `/api/im/offline/unread-count?userId=${b}&conversationId=${withC}`, {
      token,
    })
    expect(single.body).to.include({ success: true, data: 1 })
    await bob.close()
  })

  it('history shows what is saved, newest first, to the two of the conversation only', async () => {
    const [a, b] = [newUser('alice'), newUser('bob')]
    await sendAll(a, b, ['one', 'two', 'three'])
    const path = `/api/chat/messages/session/${directConversation(a, b)}`
    const url = gatewayOf(target(), 0)
    const { body } = await api(url, path, { token: await signToken(target(), b) })
    const messages = body.data as Record<string, unknown>[]
    expect(messages.map(({ content }) => content)).to.deep.equal(['three', 'two', 'one'])
    expect(messages[0]).to.include({ msgId: 'three', fromUserId: a, toUserId: b, messageType: 'TEXT' })
    const before = await api(url, `${path}?before=${messages[1]?.serverMsgId}&limit=1`, {
      token: await signToken(target(), a),
    })
    expect((before.body.data as { content: string }[]).map(({ content }) => content)).to.deep.equal(['one'])
    expect((await api(url, path, { token: await signToken(target(), newUser('mallory')) })).status).to.equal(
      403,
    )
    expect((await api(url, path)).status).to.equal(401)
  })
}
