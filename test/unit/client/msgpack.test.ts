import { encode } from '@msgpack/msgpack'
import { expect } from 'chai'
import { type Draft, HomingClient, Refused, Unsupported } from '../../../client/index.ts'
import { MemoryOutbox, type OutboxMessage } from '../../../client/outbox.ts'
import { message, ScriptedServer } from './scripted-server.ts'
import { hasty, until } from './support.ts'

describe('a client on MessagePack', () => {
  let server: ScriptedServer
  let client: HomingClient

  beforeEach(async () => {
    server = await ScriptedServer.start()
    client = new HomingClient({ url: server.url, token: 'good', protocol: 'msgpack', ...hasty })
    await client.connect()
    await until(() => client.state.name === 'online')
  })

  afterEach(async () => {
    client.close()
    await server.stop()
  })

  /** A frame as other servers write it: without the reason. */
  const refuse = (code: string, seq: number) => {
    const payload = encode({ code, message: 'no' })
    server.last.socket.send(encode({ type: 106, seq, payload }))
  }

  it('writes a recipient’s decimal id as a number, exact also beyond 2^53, and any other as text', async () => {
    const ids = ['10002', '4294967296', '9007199254740993', '9223372036854775807']
    const others = ['9223372036854775808', '0010', '-5', 'bob@x']
    await Promise.all([...ids, ...others].map(to => client.send({ to, body: 'x' }).saved))
    const sent = server.last.sent('SINGLE_CHAT')
    expect(sent.map(frame => frame.to)).to.deep.equal([...ids, ...others])
    expect(sent.map(frame => frame.toIsNumber)).to.deep.equal([
      ...ids.map(() => true),
      ...others.map(() => false),
    ])
  })

  it('sends texts, voices and images', async () => {
    for (const msgType of ['TEXT', 'VOICE', 'IMAGE'])
      await client.send({ to: 'bob', body: 'x', msgType }).saved
    expect(server.last.sent('SINGLE_CHAT').map(frame => frame.msgType)).to.deep.equal([
      undefined,
      'VOICE',
      'IMAGE',
    ])
  })

  const drafts: Record<string, Draft> = {
    'messages to groups': { groupId: 'g', body: 'x' },
    mentions: { to: 'bob', body: 'x', mentions: ['carol'] },
    replies: { to: 'bob', body: 'x', replyToServerMsgId: '1' },
    'important messages': { to: 'bob', body: 'x', important: true },
    'messages of type FILE': { to: 'bob', body: 'x', msgType: 'FILE' },
    'messages of type constructor': { to: 'bob', body: 'x', msgType: 'constructor' },
  }
  for (const [lacking, draft] of Object.entries(drafts))
    it(`says that the protocol has no ${lacking}, and keeps none`, async () => {
      const error = await client.send(draft).saved.catch((e: unknown) => e)
      expect(error).to.be.instanceOf(Unsupported).and.to.have.property('message').that.includes(lacking)
      expect(client.unsaved).to.equal(0)
    })

  it('says that the protocol has no revocations and no questions about presence', async () => {
    expect(await client.revoke('1').catch((e: unknown) => e)).to.be.instanceOf(Unsupported)
    expect(() => client.askPresence(['bob'])).to.throw(Unsupported)
  })

  it('leaves in the outbox what it cannot send, tells of it, and sends the rest', async () => {
    const removed: string[] = []
    class Earlier extends MemoryOutbox {
      override load(): Promise<readonly OutboxMessage[]> {
        const group: OutboxMessage = { clientMsgId: 'a', groupId: 'g', body: '1' }
        return Promise.resolve([group, { clientMsgId: 'b', to: 'bob', body: '2' }])
      }
      override remove(clientMsgId: string): undefined {
        removed.push(clientMsgId)
      }
    }
    const outbox = new Earlier()
    const next = new HomingClient({ url: server.url, token: 'good', protocol: 'msgpack', outbox, ...hasty })
    const refusals: unknown[] = []
    next.on('refused', refusal => refusals.push(refusal))
    await next.connect()
    await until(() => removed.length === 1)
    expect(server.log.map(each => each.clientMsgId)).to.deep.equal(['b'])
    expect(refusals).to.deep.equal([{ reason: 'unsupported', retryable: false, clientMsgId: 'a' }])
    expect(next.unsaved).to.equal(0)
    next.close()
  })

  it('reads what a code without a reason means for a message', async () => {
    const fates = ['WS_RATE_LIMITED', 'WS_INTERNAL_ERROR', 'WS_USER_NOT_FOUND']
    server.fate = () => 'ignore'
    const sent = client.send({ to: 'bob', body: 'x' })
    for (const [index, code] of fates.entries()) {
      await until(() => server.last.sent('SINGLE_CHAT').length === index + 1)
      refuse(code, server.last.sent('SINGLE_CHAT')[index]?.seq ?? 0)
    }
    const error = await sent.saved.catch((e: unknown) => e)
    expect(error).to.be.instanceOf(Refused).and.to.have.property('reason', 'WS_USER_NOT_FOUND')
    expect(server.connections).to.have.length(1)
  })

  it('leaves it to the close code whether a code without a reason is the end', async () => {
    refuse('WS_NOT_AUTHENTICATED', 0)
    server.last.socket.close(4500)
    await until(() => client.state.name === 'closed')
    expect(client.state).to.deep.equal({ name: 'closed', reason: 'kicked', code: 4500 })
  })

  it('syncs a page of its messages, with how far each has come', async () => {
    const page = client.sync('9007199254740991')
    await until(() => server.last.sent('SYNC').length === 1)
    const [asked] = server.last.sent('SYNC')
    expect(asked).to.include({ after: '9007199254740991' })
    const messages = ['sent', 'delivered', 'read'].map((status, index) => ({ ...message(index + 1), status }))
    server.last.push({ type: 'SYNC', clientMsgId: asked?.clientMsgId, messages, hasMore: true })
    const { messages: synced, hasMore } = await page
    expect(hasMore).to.equal(true)
    expect(synced.map(each => `${each.serverMsgId} ${each.body} ${each.status}`)).to.deep.equal([
      '1 m1 sent',
      '2 m2 delivered',
      '3 m3 read',
    ])
  })

  it('asks again for a page that a lost connection took along, and rejects for a refused one', async () => {
    const page = client.sync()
    await until(() => server.last.sent('SYNC').length === 1)
    server.last.socket.terminate()
    await until(() => server.connections.length === 2 && server.last.sent('SYNC').length === 1)
    const answer = { clientMsgId: server.last.sent('SYNC')[0]?.clientMsgId, messages: [], hasMore: false }
    server.last.push({ type: 'SYNC', ...answer })
    expect(await page).to.deep.equal({ messages: [], hasMore: false })
    const refused = client.sync()
    await until(() => server.last.sent('SYNC').length === 2)
    refuse('WS_INTERNAL_ERROR', server.last.sent('SYNC')[1]?.seq ?? 0)
    expect(await refused.catch((e: unknown) => e)).to.have.property('reason', 'internal_error')
  })

  it('answers each of two messages that were refused and accepted at once', async () => {
    server.fate = frame => (frame.body === 'bad' ? 'body_too_long' : 'save')
    const sends = ['1', 'bad', '2', 'bad', '3'].map(body => client.send({ to: 'bob', body }).saved)
    const settled = await Promise.allSettled(sends)
    expect(settled.map(({ status }) => status)).to.deep.equal([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
  })
})
