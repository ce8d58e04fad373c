import { expect } from 'chai'
import { SignJWT } from 'jose'
import { startGateway, type TestGateway } from './http-support.ts'

const SECRET = new TextEncoder().encode('a secret of at least thirty-two bytes')
const tokenOf = (user: string, claims: object = {}) =>
  new SignJWT({ uid: user, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('homing')
    .setExpirationTime('1h')
    .sign(SECRET)

describe('authentication of /api', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway()
  })
  after(() => gateway.close())

  const path = '/api/im/offline/unread-counts?userId=a'
  const withHeader = (authorization: string) => gateway.request(path, { headers: { authorization } })

  it('takes a bearer token, whatever the case of its scheme', async () => {
    expect((await withHeader(`bearer ${await tokenOf('a')}`)).status).to.equal(200)
    expect((await withHeader(`BEARER  ${await tokenOf('a')}`)).status).to.equal(200)
  })

  it('refuses a missing, invalid, expired or ended session, each with its code', async () => {
    const expired = await new SignJWT({ uid: 'a' })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('homing')
      .setExpirationTime('-1s')
      .sign(SECRET)
    await gateway.store.users.raiseSessionVersion('ended', 2)
    const codes = [
      await gateway.get(path),
      await withHeader('Basic YTpi'),
      await gateway.get(path, 'nonsense'),
      await gateway.get(path, expired),
      await gateway.get(path, await tokenOf('ended', { sv: 1 })),
    ].map(({ status, body }) => [status, body.success, body.errCode])
    expect(codes).to.deep.equal([
      [401, false, 'AUTH_001'],
      [401, false, 'AUTH_001'],
      [401, false, 'AUTH_002'],
      [401, false, 'AUTH_003'],
      [401, false, 'AUTH_004'],
    ])
  })

  it('does not take the token from the query', async () => {
    expect((await gateway.get(`${path}&token=${await tokenOf('a')}`)).status).to.equal(401)
  })
})

describe('groups over HTTP', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway()
  })
  after(() => gateway.close())

  it('asks no actor of a group that is not there, whatever a client calls it', async () => {
    const token = await tokenOf('a')
    const put = (path: string, body: object) =>
      gateway.request(`/api/im/groups/${path}`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    for (const id of [
      '*',
      '%3E',
      'a%20b',
      'a.b',
      'x%0D%0APING%0D%0A',
      'unknown',
      '9'.repeat(64),
      '9'.repeat(65),
    ]) {
      const answers = [
        await gateway.get(`/api/im/groups/${id}`, token),
        await put(id, { groupName: 'mine' }),
        await put(`${id}/members/b/role`, { role: 'ADMIN' }),
      ]
      for (const { status, body } of answers)
        expect([status, body.errCode], id).to.deep.equal([404, 'GROUP_001'])
    }
  })
})

describe('history over HTTP', () => {
  let gateway: TestGateway
  let seqs: number[]
  const conversation = '/api/chat/messages/session/direct:a:b'

  before(async () => {
    gateway = await startGateway()
    seqs = await gateway.send([
      ...Array.from(
        { length: 25 },
        (_, i) => (i % 2 ? ['b', 'a', `m${i}`] : ['a', 'b', `m${i}`]) as [string, string, string],
      ),
      ['a', 'c', 'other'],
    ])
  })
  after(() => gateway.close())

  const bodies = (messages: { content: string }[]) => messages.map(message => message.content)

  it('gives the newest 20 messages, newest first', async () => {
    const { status, body } = await gateway.get(conversation, await tokenOf('a'))
    expect(status).to.equal(200)
    expect(body).to.include({ success: true, errCode: null, errMessage: null })
    expect(bodies(body.data)).to.deep.equal(Array.from({ length: 20 }, (_, i) => `m${24 - i}`))
    expect(body.data[0]).to.deep.equal({
      msgId: 'id-m24',
      serverMsgId: String(seqs[24]),
      sessionId: 'direct:a:b',
      chatType: 'SINGLE',
      fromUserId: 'a',
      toUserId: 'b',
      content: 'm24',
      messageType: 'TEXT',
      createTime: 1_700_000_000_000,
    })
  })

  it('goes on before a message, as far as asked', async () => {
    const token = await tokenOf('b')
    const { body } = await gateway.get(`${conversation}?before=${seqs[5]}&limit=3`, token)
    expect(bodies(body.data)).to.deep.equal(['m4', 'm3', 'm2'])
    expect((await gateway.get(`${conversation}?before=${seqs[0]}`, token)).body.data).to.deep.equal([])
    expect(bodies((await gateway.get(`${conversation}?before=0&limit=1`, token)).body.data)).to.deep.equal([
      'm24',
    ])
  })

  it('gives pages counted from 0, with the total', async () => {
    const { body } = await gateway.get(`${conversation}/page?page=2&size=10`, await tokenOf('a'))
    expect(body.data).to.include({ page: 2, size: 10, total: 25 })
    expect(bodies(body.data.messages)).to.deep.equal(['m4', 'm3', 'm2', 'm1', 'm0'])
    expect((await gateway.get(`${conversation}/page`, await tokenOf('a'))).body.data.messages).to.have.length(
      20,
    )
  })

  it('is for the two of the conversation only', async () => {
    for (const path of [conversation, `${conversation}/page`]) {
      for (const claims of [{}, { role: 'admin' }]) {
        const { status, body } = await gateway.get(path, await tokenOf('c', claims))
        expect(status).to.equal(403)
        expect(body).to.include({ success: false, errCode: 'CHAT_001' }).and.not.have.property('data')
      }
    }
  })

  it('knows no groups and no other names', async () => {
    for (const id of ['group:g1', 'direct:b:a', 'direct:a', 'direct:a:b:c', 'x', 'direct:a:*', '__proto__'])
      expect(
        (await gateway.get(`/api/chat/messages/session/${id}`, await tokenOf('a'))).body.errCode,
        id,
      ).to.equal('CHAT_002')
  })

  it('takes the longest ids', async () => {
    const [a, b] = ['a'.repeat(64), 'b'.repeat(64)]
    const path = `/api/chat/messages/session/${encodeURIComponent(`direct:${a}:${b}`)}`
    expect((await gateway.get(path, await tokenOf(a))).body.data).to.deep.equal([])
  })

  for (const query of [
    'limit=0',
    'limit=101',
    'limit=x',
    'limit=1.5',
    'limit=-1',
    'limit=1&limit=2',
    'before=x',
    'before=-1',
    'before=1e3',
    'before=99999999999999999',
  ])
    it(`refuses ?${query}`, async () => {
      const { status, body } = await gateway.get(`${conversation}?${query}`, await tokenOf('a'))
      expect(status).to.equal(400)
      expect(body).to.include({ success: false, errCode: 'REQUEST_001' })
    })

  for (const query of ['page=-1', 'page=10001', 'page=x', 'size=0', 'size=101', 'size=1e9'])
    it(`refuses /page?${query}`, async () => {
      expect((await gateway.get(`${conversation}/page?${query}`, await tokenOf('a'))).status).to.equal(400)
    })
})

describe('unread counts over HTTP', () => {
  let gateway: TestGateway
  const asked: string[] = []
  before(async () => {
    gateway = await startGateway({
      unread: async user => {
        asked.push(user)
        return [
          { conversation: 'direct:a:b', unread: 3 },
          { conversation: 'direct:a:c', unread: 1 },
        ]
      },
    })
  })
  after(() => gateway.close())

  const ask = async (path: string, user = 'a', claims: object = {}) => {
    const { status, body } = await gateway.get(`/api/im/offline/${path}`, await tokenOf(user, claims))
    return { status, errCode: body.errCode, data: body.data }
  }

  it('are a list for all conversations, a number for one', async () => {
    expect(await ask('unread-counts?userId=a')).to.deep.equal({
      status: 200,
      errCode: null,
      data: [
        { conversationId: 'direct:a:b', unreadCount: 3 },
        { conversationId: 'direct:a:c', unreadCount: 1 },
      ],
    })
    expect((await ask('unread-count?userId=a&conversationId=direct:a:b')).data).to.equal(3)
    expect((await ask('unread-count?userId=a&conversationId=direct:a:d')).data).to.equal(0)
  })

  it('are the token’s user’s own, or anyone’s for an admin', async () => {
    for (const path of ['unread-counts?userId=a', 'unread-count?userId=a&conversationId=direct:a:b']) {
      asked.length = 0
      expect(await ask(path, 'b')).to.deep.equal({ status: 403, errCode: 'OFFLINE_MSG_002', data: undefined })
      expect(asked).to.deep.equal([])
      expect((await ask(path, 'boss', { role: ['admin'] })).status).to.equal(200)
      expect(asked).to.deep.equal(['a'])
    }
  })

  it('need a user id', async () => {
    for (const query of ['', '?userId=', '?userId=a%20b', '?userId=a&userId=b'])
      for (const path of [`unread-counts${query}`, `unread-count${query}`])
        expect(await ask(path), path).to.include({ status: 400, errCode: 'OFFLINE_MSG_001' })
  })

  it('need a conversation of the user', async () => {
    expect(await ask('unread-count?userId=a')).to.include({ status: 400, errCode: 'REQUEST_001' })
    expect(await ask('unread-count?userId=a&conversationId=direct:b:c')).to.include({
      status: 403,
      errCode: 'OFFLINE_MSG_002',
    })
    expect(await ask('unread-count?userId=a&conversationId=group:g')).to.include({
      status: 404,
      errCode: 'OFFLINE_MSG_003',
    })
  })
})
