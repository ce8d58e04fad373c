import { expect } from 'chai'
import { api } from '../support/api.ts'
import { StompClient } from '../support/stomp-client.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { until } from '../support/until.ts'

/** Customer sessions and who is online for them, on any target. */
export function stompCustomerSessionsSuite(target: () => Target): void {
  const url = (index: number) => gatewayOf(target(), index)
  const agentToken = (user: string) => signToken(target(), user, { role: ['agent'] })
  let c: string
  let a: string
  let customer: StompClient
  let agent: StompClient

  beforeEach(async () => {
    c = newUser('customer')
    a = newUser('agent')
    customer = await StompClient.connect(url(0), await signToken(target(), c))
    agent = await StompClient.connect(url(1), await agentToken(a), { path: '/ws/agent' })
  })
  afterEach(() => Promise.all([customer.close(), agent.close()]))

  const open = async () => {
    customer.send('session.open', {})
    return String((await customer.next('session', { status: 'WAITING' })).sessionId)
  }
  const list = async (status: string) => {
    const { body } = await api(url(1), `/api/chat/sessions?status=${status}&limit=1000`, {
      token: await agentToken(a),
    })
    return body.data as Record<string, unknown>[]
  }

  it('a session waits, is taken by an agent and closed, and both hear each step', async () => {
    const sessionId = await open()
    expect(sessionId).to.match(/^cs:\d+$/)
    const waiting = (await list('WAITING')).find(session => session.sessionId === sessionId)
    expect(waiting).to.include({ status: 'WAITING', customerId: c })

    agent.send('session.take', { sessionId })
    for (const client of [customer, agent]) {
      const taken = await client.next('session', { sessionId, status: 'ACTIVE' })
      expect(taken).to.include({ type: 'SESSION_STATUS', agentId: a, agentName: a })
    }
    agent.send('session.close', { sessionId, closeReason: 'solved' })
    for (const client of [customer, agent])
      expect(await client.next('session', { sessionId, status: 'CLOSED' })).to.include({
        closeReason: 'solved',
      })
    expect((await list('CLOSED')).map(session => session.sessionId)).to.include(sessionId)
    customer.send('session.open', {})
    const [, next] = await customer.atLeast(2, 'session', { status: 'WAITING' })
    expect(next?.sessionId, 'a new one after the old').not.to.equal(sessionId)
  })

  it('a customer has one open session, however often it is asked for', async () => {
    const first = await open()
    customer.send('session.open', '')
    const opened = await customer.atLeast(2, 'session', { status: 'WAITING' })
    expect(opened.map(({ sessionId }) => sessionId)).to.deep.equal([first, first])
  })

  it('one of many agents takes a session, the others are told', async () => {
    const sessionId = await open()
    const others = await Promise.all(
      Array.from({ length: 5 }, async (_, n) =>
        StompClient.connect(url(n), await agentToken(newUser('agent')), { path: '/ws/agent' }),
      ),
    )
    for (const one of [agent, ...others]) one.send('session.take', { sessionId })
    const told = (one: StompClient) =>
      one.all('session', { status: 'ACTIVE' }).length +
      one.all('reply', { code: 'customer_session_taken' }).length
    await until(() => [agent, ...others].every(one => told(one) === 1), 'not every agent was told')
    const winners = [agent, ...others].filter(one => one.all('session', { status: 'ACTIVE' }).length > 0)
    expect(winners).to.have.length(1)
    await Promise.all(others.map(one => one.close()))
  })

  it('customers take no sessions, and nobody closes another’s', async () => {
    const sessionId = await open()
    customer.send('session.take', { sessionId })
    await customer.next('reply', { code: 'agents_only' })
    agent.send('session.close', { sessionId })
    await agent.next('reply', { code: 'customer_session_not_found' })
    agent.send('session.take', { sessionId: 'cs:999999999' })
    await agent.atLeast(2, 'reply', { code: 'customer_session_not_found' })
    const waiting = (await list('WAITING')).map(session => session.sessionId)
    expect(waiting).to.include(sessionId)
  })

  it('agents see who is online, on whichever gateway, and until they leave', async () => {
    const online = async (type: string) => {
      const { body } = await api(url(0), `/api/chat/online?type=${type}&limit=1000`, {
        token: await agentToken(a),
      })
      return (body.data as { userId: string }[]).map(({ userId }) => userId)
    }
    await until(async () => (await online('customer')).includes(c), 'the customer is not online')
    await until(async () => (await online('agent')).includes(a), 'the agent is not online')
    expect(await online('customer')).not.to.include(a)
    await customer.close()
    await until(async () => !(await online('customer')).includes(c), 'the customer stays online')
  })

  it('only agents see that', async () => {
    const token = await signToken(target(), c)
    for (const path of ['/api/chat/sessions?status=WAITING', '/api/chat/online?type=agent']) {
      const { status, body } = await api(url(0), path, { token })
      expect([status, body.errCode]).to.deep.equal([403, 'CHAT_003'])
    }
  })
}
