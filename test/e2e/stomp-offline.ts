import { expect } from 'chai'
import { directConversation } from '../../protocol/ids.ts'
import { api } from '../support/api.ts'
import { StompClient } from '../support/stomp-client.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { until } from '../support/until.ts'

interface Page {
  readonly conversationId: string
  readonly messages: readonly {
    readonly msgId: string
    readonly serverMsgId: string
    readonly msgBrief: string
  }[]
  readonly hasMore: boolean
}

/** Document 002, section 3: what waits for a user, and how it is acknowledged; on any target. */
export function stompOfflineSuite(target: () => Target): void {
  const url = (index = 1) => gatewayOf(target(), index)
  let a: string
  let b: string
  let token: string
  let conversation: string

  beforeEach(async () => {
    a = newUser('alice')
    b = newUser('bob')
    token = await signToken(target(), b)
    conversation = directConversation(a, b)
  })

  /** As alice: messages whose ids are m1, m2, …. */
  const send = async (contents: readonly string[], from = a) => {
    const sender = await StompClient.connect(url(0), await signToken(target(), from))
    for (const [index, content] of contents.entries()) await sender.deliver(b, `m${index + 1}`, content)
    await sender.close()
  }
  const ask = async (path: string, options: { method?: string; body?: unknown; token?: string } = {}) => {
    const { status, body } = await api(url(), `/api/im/offline/${path}`, { token, ...options })
    return { status, errCode: body.errCode, data: body.data }
  }
  const page = async (limit = 20) => (await ask(`${conversation}?userId=${b}&limit=${limit}`)).data as Page
  const ids = async () => (await page()).messages.map(({ msgId }) => msgId)
  const unread = async () => (await ask(`unread-count?userId=${b}&conversationId=${conversation}`)).data
  const ack = (msgIds: unknown) => ask('ack', { body: { userId: b, conversationId: conversation, msgIds } })

  it('a summary comes on connect, after CONNECT_SUCCESS, and is what REST answers', async () => {
    const c = newUser('carol')
    await send(['one', `${'x'.repeat(49)}😀 and more`])
    await send(['later'], c)
    const bob = await StompClient.connect(url(), token)
    const { data } = await bob.next('offline-summary', { type: 'SYSTEM', code: 'OFFLINE_SUMMARY' })
    expect(bob.heard[0]).to.deep.include({ queue: 'messages' })
    const summary = data as Record<string, unknown>[]
    expect(summary.map(({ lastMessageTime: _, ...rest }) => rest)).to.deep.equal([
      { conversationId: directConversation(b, c), unreadCount: 1, lastMessageBrief: 'later' },
      {
        conversationId: conversation,
        unreadCount: 2,
        lastMessageBrief: `${'x'.repeat(49)}😀...`,
      },
    ])
    expect((await ask(`summary?userId=${b}`)).data).to.deep.equal(summary)
    await bob.close()
  })

  it('no summary comes where nothing is unread', async () => {
    const bob = await StompClient.connect(url(), token)
    await bob.settle()
    expect(bob.all('offline-summary')).to.deep.equal([])
    expect((await ask(`summary?userId=${b}`)).data).to.deep.equal([])
    await bob.close()
  })

  it('a conversation’s list is newest first, as long as asked, and says whether there is more', async () => {
    await send(['one', 'two', 'three'])
    expect((await page()).messages.map(({ msgBrief }) => msgBrief)).to.deep.equal(['three', 'two', 'one'])
    expect(await page()).to.include({ conversationId: conversation, hasMore: false })
    const { messages, hasMore } = await page(2)
    expect([messages.length, hasMore]).to.deep.equal([2, true])
  })

  it('acknowledged messages leave the list and the count, by their own ids or the server’s', async () => {
    await send(['one', 'two', 'three', 'four'])
    const { messages } = await page()
    expect(await unread()).to.equal(4)
    expect((await ack(['m2', messages[0]?.serverMsgId])).status).to.equal(200)
    expect(await ids()).to.deep.equal(['m3', 'm1'])
    expect(await unread()).to.equal(2)
    expect((await ack(['m2'])).status, 'a repeat changes nothing').to.equal(200)
    expect(await unread()).to.equal(2)
    await ack(['m1', 'm3'])
    expect(await ids()).to.deep.equal([])
    expect((await ask(`unread-counts?userId=${b}`)).data).to.deep.equal([])
  })

  it('acknowledgements over STOMP are the same: of some, and without ids of all', async () => {
    const bob = await StompClient.connect(url(), token)
    await send(['one', 'two', 'three'])
    await bob.atLeast(3, 'messages', { type: 'CHAT' })
    bob.send('chat.ack', { sessionId: conversation, msgIds: ['m2'] })
    await until(async () => (await unread()) === 2, 'the acknowledgement of one does not count')
    expect(await ids()).to.deep.equal(['m3', 'm1'])
    bob.send('chat.ack', { sessionId: conversation, msgIds: ['nonsense'] })
    await bob.next('reply', { code: 'message_not_found' })
    bob.send('chat.ack', { sessionId: conversation })
    await until(async () => (await unread()) === 0, 'the acknowledgement of all does not count')
    await bob.close()
  })

  it('what is read one by one stays read when the user is somewhere else, and when messages follow', async () => {
    await send(['one', 'two', 'three'])
    await ack(['m2'])
    const bob = await StompClient.connect(url(0), token)
    const { data } = await bob.next('offline-summary')
    expect((data as { unreadCount: number }[])[0]?.unreadCount).to.equal(2)
    await send(['one', 'two', 'three', 'four'])
    expect(await ids()).to.deep.equal(['m4', 'm3', 'm1'])
    expect(await unread()).to.equal(3)
    await bob.deliver(a, 'reply', 'one’s own message reads the conversation')
    expect(await ids()).to.deep.equal([])
    expect(await unread()).to.equal(0)
    await bob.close()
  })

  for (const [name, method, path] of [
    ['DELETE', 'DELETE', () => `${conversation}?userId=${b}`],
    ['reset-unread', 'POST', () => `reset-unread?userId=${b}&conversationId=${conversation}`],
  ] as const)
    it(`${name} acknowledges a whole conversation, and no other`, async () => {
      const c = newUser('carol')
      await send(['one', 'two'])
      await send(['other'], c)
      await ack(['m2'])
      expect((await ask(path(), { method })).status).to.equal(200)
      expect(await ids()).to.deep.equal([])
      const counts = await ask(`unread-counts?userId=${b}`)
      expect(counts.data).to.deep.equal([{ conversationId: directConversation(b, c), unreadCount: 1 }])
    })

  it('refusals have the codes of the contract, and nobody acts for another', async () => {
    await send(['one'])
    const outsider = await signToken(target(), newUser('mallory'))
    const answers = [
      await ask('summary'),
      await ask(`summary?userId=${a}`),
      await ask(`${conversation}?userId=${b}`, { token: outsider }),
      await ask(`${directConversation('x', 'y')}?userId=${b}`),
      await ask(`nonsense?userId=${b}`),
      await ask(`${conversation}?userId=${b}&limit=101`),
      await ask(`${conversation}?userId=${b}&limit=x`),
      await ack(undefined),
      await ack([]),
      await ack(['m1', 'unknown']),
      await ask('ack', { body: { userId: a, conversationId: conversation, msgIds: ['m1'] } }),
      await ask(`${conversation}?userId=${a}`, { method: 'DELETE' }),
      await ask(`reset-unread?userId=${a}&conversationId=${conversation}`, { method: 'POST' }),
    ].map(({ status, errCode }) => [status, errCode])
    const [missing, notYours, notFound] = [
      [400, 'OFFLINE_MSG_001'],
      [403, 'OFFLINE_MSG_002'],
      [404, 'OFFLINE_MSG_003'],
    ]
    const [badLimit, noIds, noMessage] = [
      [400, 'OFFLINE_MSG_004'],
      [400, 'OFFLINE_MSG_005'],
      [404, 'OFFLINE_MSG_006'],
    ]
    expect(answers).to.deep.equal([
      missing,
      notYours,
      notYours,
      notYours,
      notFound,
      badLimit,
      badLimit,
      noIds,
      noIds,
      noMessage,
      notYours,
      notYours,
      notYours,
    ])
    expect(await ids()).to.deep.equal(['m1'])
  })
}
