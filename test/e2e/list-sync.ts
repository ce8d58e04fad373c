import { expect } from 'chai'
import { api } from '../support/api.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { WireClient } from '../support/wire-client.ts'
import { ListClient, type Transport } from './list-sync-client.ts'
import { newDomain, WebsiteAdmin } from './list-sync-websites.ts'

/** The list of websites over Socket.IO, on any target; clients and changes are at different gateways. */
export function listSyncSuite(target: () => Target): void {
  const clients: ListClient[] = []
  afterEach(() => {
    for (const client of clients.splice(0)) client.close()
  })

  const connect = async (
    gateway: number,
    options?: ConstructorParameters<typeof ListClient>[2],
    token?: string,
  ) => {
    const own = token ?? (await signToken(target(), newUser('viewer')))
    const client = await ListClient.open(gatewayOf(target(), gateway), own, options)
    clients.push(client)
    return client
  }
  /** A client with the list. */
  const subscribe = async (gateway: number, options?: ConstructorParameters<typeof ListClient>[2]) => {
    const client = await connect(gateway, options)
    await client.request()
    return client
  }
  const admin = (gateway = 0) => WebsiteAdmin.at(target(), gateway)

  describe('connecting to the list', () => {
    const refusal = async (token: unknown) => {
      const client = new ListClient(gatewayOf(target(), 0), token)
      clients.push(client)
      return await client.untilEnded()
    }

    it('is refused without a token, and with one that is none', async () => {
      expect(await refusal(undefined)).to.equal('missing_access_token')
      expect(await refusal('no token')).to.equal('invalid_access_token')
      expect(await refusal({ token: 'nested' })).to.equal('missing_access_token')
      expect(await refusal(await signToken({ ...target(), secret: 'x'.repeat(32) }, 'mallory'))).to.equal(
        'invalid_access_token',
      )
    })

    it('is refused with a token that has expired or whose session has ended', async () => {
      const user = newUser('viewer')
      const expired = await signToken(target(), user, { exp: Math.floor(Date.now() / 1000) - 10 })
      expect(await refusal(expired)).to.equal('token_expired')
      await connect(0, {}, await signToken(target(), user, { sv: 3 }))
      expect(await refusal(await signToken(target(), user, { sv: 2 }))).to.equal('session_invalid')
    })

    it('sets no cookie', async () => {
      const response = await fetch(new URL('/socket.io/?EIO=4&transport=polling', gatewayOf(target(), 0)))
      expect(response.status).to.equal(200)
      expect(response.headers.get('set-cookie')).to.equal(null)
      await response.text()
    })

    it('neither binds nor counts as a connection of its user', async () => {
      const user = newUser('alice')
      const token = await signToken(target(), user)
      const bound = await WireClient.authenticated(gatewayOf(target(), 0), token)
      const lists = [await connect(0, {}, token), await connect(1, {}, token)]
      await bound.settle()
      for (const list of lists) expect(await list.request()).to.have.property('lastEventId')
      await bound.close()
    })
  })

  describe('a session that has ended', () => {
    it('ends its connections within a second, at every gateway, and nobody else’s', async () => {
      const user = newUser('viewer')
      const token = await signToken(target(), user)
      const own = [await connect(0, { follow: true }, token), await connect(1, { follow: true }, token)]
      const other = await subscribe(1)
      const { body } = await api(gatewayOf(target(), 0), '/auth/logout', { token, method: 'POST' })
      expect(body).to.include({ code: 0 })
      const start = performance.now()
      for (const client of own) expect(await client.untilEnded()).to.equal('io server disconnect')
      expect(performance.now() - start).to.be.below(1000)
      expect(other.ended).to.equal(undefined)
      expect(own.map(({ socket }) => socket.active)).to.deep.equal([false, false])
    })

    it('is one whose user has shown a newer session version anywhere', async () => {
      const user = newUser('viewer')
      const list = await connect(0, {}, await signToken(target(), user, { sv: 1 }))
      const newer = await WireClient.authenticated(
        gatewayOf(target(), 1),
        await signToken(target(), user, { sv: 2 }),
      )
      expect(await list.untilEnded()).to.equal('io server disconnect')
      await newer.close()
    })

    it('is one whose token has expired', async () => {
      const exp = Math.floor(Date.now() / 1000) + 2
      const list = await connect(0, {}, await signToken(target(), newUser('viewer'), { exp }))
      expect(await list.untilEnded()).to.equal('io server disconnect')
      expect(Date.now() / 1000).to.be.within(exp, exp + 1)
    })
  })

  for (const transport of ['websocket', 'polling'] satisfies Transport[]) {
    describe(`the list over ${transport}`, () => {
      const options = { transports: [transport] } as const

      it('comes whole at first, as it is in the table', async () => {
        const writer = await admin()
        const id = await writer.create({ line_group: 'line-1', https_enabled: true })
        const client = await connect(1, options)
        const { lastEventId } = await client.request()
        const [list] = client.initials
        expect(list).to.have.all.keys('items', 'total', 'version', 'lastEventId')
        expect(list).to.include({ lastEventId, total: list?.items.length })
        expect(list?.items).to.deep.equal(await writer.all())
        expect(client.items.get(id)).to.have.all.keys(
          'website_id',
          'primary_domain',
          'cname',
          'line_group',
          'https_enabled',
          'status',
        )
      })

      it('is kept fresh by what is added, changed and deleted at another gateway', async () => {
        const writer = await admin()
        const client = await subscribe(1, options)
        const start = client.lastEventId ?? 0
        const id = await writer.create({ primary_domain: newDomain(), cname: 'c.example.net' })
        await writer.update(id, { status: 'inactive' })
        await writer.delete(id)
        const [added, changed, deleted] = await client.untilUpdates(3)
        expect(added).to.include({ eventId: start + 1, type: 'add' })
        expect(added?.data).to.include({ website_id: id, cname: 'c.example.net', status: 'active' })
        expect(changed).to.include({ eventId: start + 2, type: 'update' })
        expect(changed?.data).to.deep.equal({ ...added?.data, status: 'inactive' })
        expect(deleted).to.deep.equal({ eventId: start + 3, type: 'delete', data: { website_id: id } })
        expect(client.initials).to.have.length(1)
      })

      it('is brought up to date after a pause by what was missed, in order, and nothing else', async () => {
        const writer = await admin()
        const before = await subscribe(0, options)
        const { lastEventId } = await before.request()
        before.close()
        const ids = [await writer.create(), await writer.create()]
        await writer.delete(...ids)
        const client = await connect(1, options)
        client.lastEventId = lastEventId
        expect(await client.request({ lastEventId })).to.deep.equal({ lastEventId: lastEventId + 4 })
        expect(client.updates.map(({ type }) => type)).to.deep.equal(['add', 'add', 'delete', 'delete'])
        expect(client.violations).to.deep.equal([])
        expect(client.initials).to.deep.equal([])
      })
    })
  }

  describe('asking with lastEventId', () => {
    it('and nothing new answers the ack callback alone', async () => {
      const client = await subscribe(0)
      const { lastEventId } = client.initials[0] ?? expect.fail('no list')
      expect(await client.request({ lastEventId })).to.deep.equal({ lastEventId })
      expect(client.initials).to.have.length(1)
      expect(client.updates).to.deep.equal([])
    })

    it('from the future, or that is none, gives the whole list', async () => {
      const client = await subscribe(0)
      const next = (client.lastEventId ?? 0) + 1
      const asked = [{ lastEventId: next }, { lastEventId: -1 }, { lastEventId: 'x' }, { lastEventId: 1.5 }]
      for (const payload of [...asked, 'text', null, {}, { lastEventId: null }]) await client.request(payload)
      expect(client.initials).to.have.length(1 + asked.length + 4)
    })

    it('works without an ack callback', async () => {
      const client = await connect(0)
      client.socket.emit('request:websites')
      await client.until(() => client.initials.length === 1, 'no list')
      client.socket.emit('request:websites', { lastEventId: Number.MAX_SAFE_INTEGER })
      await client.until(() => client.initials.length === 2, 'no list')
    })

    it('exactly 500 behind gives 500 updates, 501 behind the whole list', async function () {
      this.timeout(60_000)
      const writer = await admin()
      const first = await subscribe(0)
      const start = first.lastEventId ?? 0
      const id = await writer.create()
      const changes = Array.from({ length: 499 }, (_, n) => n)
      const work = async () => {
        for (let n = changes.pop(); n !== undefined; n = changes.pop())
          await writer.update(id, { line_group: `line-${n}` })
      }
      await Promise.all(Array.from({ length: 8 }, work))

      const behind = await connect(1)
      behind.lastEventId = start
      await behind.request({ lastEventId: start })
      expect(behind.initials).to.deep.equal([])
      expect(behind.updates.map(({ eventId }) => eventId)).to.deep.equal(
        Array.from({ length: 500 }, (_, n) => start + n + 1),
      )

      await writer.delete(id)
      const further = await connect(1)
      await further.request({ lastEventId: start })
      expect(further.updates).to.deep.equal([])
      expect(further.initials.map(({ lastEventId }) => lastEventId)).to.deep.equal([start + 501])
      const just = await connect(0)
      await just.request({ lastEventId: start + 1 })
      expect(just.updates).to.have.length(500)
    })
  })
}
