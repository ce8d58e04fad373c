import { expect } from 'chai'
import { api } from '../support/api.ts'
import { GroupClients } from '../support/group-clients.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { until } from '../support/until.ts'
import { WireClient } from '../support/wire-client.ts'

interface EventDto {
  readonly id: string
  readonly event: string
  readonly userId: string
  readonly byId: string
  readonly createdAt: number
  readonly groupId?: string
  readonly connId?: string
  readonly gatewayId?: string
  readonly address?: string
  readonly detail?: Record<string, unknown>
}

/** What admins are told of what has happened, on any target. */
export function auditSuite(target: () => Target): void {
  const clients = new GroupClients(target)
  const url = (index: number) => gatewayOf(target(), index)
  let admin: string
  before(async () => {
    admin = await signToken(target(), newUser('admin'), { role: 'admin' })
  })
  afterEach(() => clients.closeAll())

  const ask = (query: string, token = admin, index = 0) =>
    api(url(index), `/api/admin/audit?${query}`, { token })
  const events = async (query: string): Promise<EventDto[]> =>
    ((await ask(query)).body.data as { events: EventDto[] }).events
  /** Resolves with a user's events, oldest first, once there are as many. */
  const told = (user: string, count: number) =>
    until(async () => {
      const found = await events(`userId=${user}`)
      return found.length >= count && found.toReversed()
    }, `fewer than ${count} events of ${user}`)

  it('logins, connections, who was kicked by them and logouts are told, from where they came', async () => {
    const username = newUser('visitor')
    const login = async () => {
      const { body } = await api(url(0), '/auth/login', { body: { username, password: 'secret' } })
      return body.data as { userId: number; accessToken: string }
    }
    const first = await login()
    const user = String(first.userId)
    const old = await WireClient.authenticated(url(0), first.accessToken)
    const { accessToken } = await login()
    await old.closed
    const current = await WireClient.authenticated(url(1), accessToken)
    await api(url(1), '/auth/logout', { method: 'POST', token: accessToken })
    await current.closed
    const seen = await told(user, 7)
    expect(seen.map(({ event }) => event)).to.have.members([
      'login',
      'bound',
      'kicked',
      'login',
      'bound',
      'kicked',
      'logout',
    ])
    const of = (event: string) => seen.filter(found => found.event === event)
    expect(of('login').map(({ detail }) => detail)).to.deep.equal([{ sv: 1 }, { sv: 2 }])
    expect(of('logout')[0]).to.include({ userId: user, byId: user })
    for (const { gatewayId, address } of [...of('login'), ...of('logout')]) {
      expect(gatewayId).to.be.a('string')
      expect(address).to.match(/127\.0\.0\.1|::1/)
    }
    const [firstBound, firstKicked] = [of('bound')[0], of('kicked')[0]]
    expect(firstKicked?.connId).to.equal(firstBound?.connId)
    expect(firstKicked?.detail).to.deep.equal({ sv: 1, reason: 'session_invalid' })
  })

  it('a newer connection that kicks, and one that is closed, are told apart', async () => {
    const person = await clients.person('twice')
    const old = await clients.connect(person, 0)
    const newer = await clients.connect(person, 1)
    await old.closed
    await newer.close()
    const seen = await told(person.id, 4)
    expect(seen.map(({ event, detail }) => [event, detail?.reason ?? detail?.why])).to.have.deep.members([
      ['bound', undefined],
      ['bound', undefined],
      ['kicked', 'kicked'],
      ['unbound', 'closed'],
    ])
    const connections = new Set(seen.map(({ connId }) => connId))
    expect(connections.size).to.equal(2)
  })

  it('changes of groups are told by group, by who made them and by whom they concern', async () => {
    const [alice, bob] = await clients.people('alice', 'bob')
    if (!alice || !bob) return
    const group = await clients.group(alice, [bob])
    await clients.ok(alice, 'PUT', `/${group}/members/${bob.id}/mute`, { seconds: 60 })
    await clients.ok(alice, 'PUT', `/${group}/members/${bob.id}/role`, { role: 'ADMIN' })
    await clients.ok(bob, 'DELETE', `/${group}/members/${bob.id}`)
    await clients.ok(alice, 'DELETE', `/${group}`)
    const names = async (query: string) => (await events(query)).map(({ event }) => event).toReversed()
    // Answered means saved, and these are saved with the change.
    const all = await names(`groupId=${group}`)
    expect(all).to.have.members([
      'group-created',
      'group-created',
      'group-muted',
      'group-role',
      'group-left',
      'group-dissolved',
    ])
    expect(await names(`groupId=${group}&byId=${bob.id}`)).to.deep.equal(['group-left'])
    expect(await names(`groupId=${group}&userId=${bob.id}&event=group-muted`)).to.deep.equal(['group-muted'])
  })

  it('come in pages, newest first, and each page says whether there is more', async () => {
    const [alice, bob] = await clients.people('alice', 'bob')
    if (!alice || !bob) return
    const group = await clients.group(alice, [])
    for (let n = 0; n < 4; n++) await clients.ok(alice, 'PUT', `/${group}`, { groupName: `name ${n}` })
    const seen: EventDto[] = []
    for (let before = '0'; ; ) {
      const { body } = await ask(`groupId=${group}&limit=2&before=${before}`)
      const page = body.data as { events: EventDto[]; hasMore: boolean }
      seen.push(...page.events)
      before = page.events.at(-1)?.id ?? '0'
      if (!page.hasMore) break
      expect(page.events).to.have.length(2)
    }
    expect(seen.map(({ detail }) => detail?.name)).to.deep.equal([
      'name 3',
      'name 2',
      'name 1',
      'name 0',
      'friends',
    ])
  })

  it('are for admins only', async () => {
    const agent = await signToken(target(), newUser('agent'), { role: 'agent' })
    for (const path of ['audit', 'dead-letters']) {
      const asked = (token?: string) =>
        api(url(0), `/api/admin/${path}`, token === undefined ? {} : { token })
      expect(await asked()).to.deep.include({ status: 401 })
      expect(await asked(agent)).to.have.nested.property('body.errCode', 'ADMIN_001')
      expect((await asked(agent)).status).to.equal(403)
      expect((await asked(admin)).body).to.include({ success: true, errCode: null, errMessage: null })
    }
    for (const query of ['event=nothing', 'limit=501', 'limit=0', 'before=x', 'userId=a%20b'])
      expect((await ask(query)).status, query).to.equal(400)
  })
}
