import { expect } from 'chai'
import { api } from '../support/api.ts'
import { GroupClients } from '../support/group-clients.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { until } from '../support/until.ts'
import { WireClient } from '../support/wire-client.ts'

/** Longer than a blink may take, and the telling after it. ms */
const GONE_MS = 12_000

/** Who is there, as others hear of it; on any target. */
export function presenceSuite(target: () => Target): void {
  describe('presence', function () {
    this.timeout(40_000)
    const groups = new GroupClients(target)
    const open: WireClient[] = []
    let a: string
    let b: string

    const connect = async (index: number, user: string, claims: Record<string, unknown> = {}) => {
      const token = await signToken(target(), user, claims)
      const client = await WireClient.authenticated(gatewayOf(target(), index), token)
      open.push(client)
      return client
    }
    /** What a client has heard of somebody, in order. */
    const heard = (client: WireClient, of: string) =>
      client.all({ type: 'PRESENCE', from: of }).map(({ status }) => status)
    const ask = async (client: WireClient, ...users: string[]) => {
      const before = client.all({ type: 'PRESENCE' }).length
      client.send({ type: 'PRESENCE', users })
      const answers = await client.atLeast(before + users.length, { type: 'PRESENCE' })
      return answers.slice(before).map(({ from, status }) => [from, status])
    }
    /** Makes two users partners: both sides have saved it when it resolves. */
    const talk = async (from: WireClient, to: string) => {
      from.send({ type: 'SINGLE_CHAT', clientMsgId: `hello ${to}`, to, body: 'hello' })
      await from.next({ type: 'ACK', ackType: 'saved', clientMsgId: `hello ${to}` })
    }

    beforeEach(() => {
      a = newUser('alice')
      b = newUser('bob')
    })
    afterEach(() => {
      for (const client of open.splice(0)) client.socket.terminate()
      groups.closeAll()
    })

    it('of a partner is told once when it changes: online, away, online, offline', async () => {
      const alice = await connect(0, a)
      await talk(alice, b)
      const bob = await connect(1, b)
      const online = await alice.next({ type: 'PRESENCE', from: b, status: 'online' })
      expect(online).to.have.all.keys('type', 'from', 'status', 'ts')
      expect(Math.abs(Date.now() - Number(online.ts))).to.be.below(60_000)
      await bob.next({ type: 'PRESENCE', from: a, status: 'online' })
      for (const status of ['away', 'online']) {
        bob.send({ type: 'PRESENCE', status })
        await alice.next({ type: 'PRESENCE', from: b, status })
      }
      await bob.close()
      await alice.next({ type: 'PRESENCE', from: b, status: 'offline' }, GONE_MS)
      expect(heard(alice, b)).to.deep.equal(['online', 'away', 'online', 'offline'])
    })

    it('is told to those who have just met, too', async () => {
      const [alice, bob] = [await connect(0, a), await connect(1, b)]
      await talk(alice, b)
      bob.send({ type: 'PRESENCE', status: 'away' })
      await alice.next({ type: 'PRESENCE', from: b, status: 'away' })
      alice.send({ type: 'PRESENCE', status: 'away' })
      await bob.next({ type: 'PRESENCE', from: a, status: 'away' })
    })

    it('says nothing of a blink', async () => {
      const alice = await connect(0, a)
      await talk(alice, b)
      const bob = await connect(1, b)
      await alice.next({ type: 'PRESENCE', from: b, status: 'online' })
      for (let round = 0; round < 3; round++) {
        await (round === 0 ? bob : open.at(-1))?.close()
        const again = await connect(round, b)
        await again.next({ type: 'PRESENCE', from: a, status: 'online' })
      }
      const last = open.at(-1)
      last?.send({ type: 'PRESENCE', status: 'away' })
      await alice.next({ type: 'PRESENCE', from: b, status: 'away' })
      expect(heard(alice, b)).to.deep.equal(['online', 'away'])
    })

    it('is nobody else’s concern', async () => {
      const [alice, stranger] = [await connect(0, a), await connect(1, newUser('stranger'))]
      await talk(alice, b)
      const bob = await connect(1, b)
      bob.send({ type: 'PRESENCE', status: 'away' })
      await alice.next({ type: 'PRESENCE', from: b, status: 'away' })
      await stranger.settle()
      expect(stranger.all({ type: 'PRESENCE' })).to.deep.equal([])
      expect(bob.all({ type: 'PRESENCE', from: b }), 'not one’s own').to.deep.equal([])
    })

    it('reaches members of a common group', async () => {
      const [carol, dave] = [await groups.person('carol'), await groups.person('dave')]
      await groups.group(carol, [dave])
      const toCarol = await groups.connect(carol)
      const toDave = await groups.connect(dave, 1)
      await toCarol.next({ type: 'PRESENCE', from: dave.id, status: 'online' })
      await toDave.next({ type: 'PRESENCE', from: carol.id, status: 'online' })
      toDave.send({ type: 'PRESENCE', status: 'away' })
      await toCarol.next({ type: 'PRESENCE', from: dave.id, status: 'away' })
    })

    it('is that of the most present of a user’s devices', async () => {
      const alice = await connect(0, a)
      await talk(alice, b)
      const device = (index: number, name: string) => connect(index, b, { device: name, device_policy: 3 })
      const [phone, laptop] = [await device(0, 'phone'), await device(1, 'laptop')]
      await alice.next({ type: 'PRESENCE', from: b, status: 'online' })
      phone.send({ type: 'PRESENCE', status: 'away' })
      await phone.settle()
      laptop.send({ type: 'PRESENCE', status: 'away' })
      await alice.next({ type: 'PRESENCE', from: b, status: 'away' })
      laptop.send({ type: 'PRESENCE', status: 'online' })
      await alice.next({ type: 'PRESENCE', from: b, status: 'online' })
      await laptop.close()
      await alice.next({ type: 'PRESENCE', from: b, status: 'away' }, GONE_MS)
      await phone.close()
      await alice.next({ type: 'PRESENCE', from: b, status: 'offline' }, GONE_MS)
      expect(heard(alice, b)).to.deep.equal(['online', 'away', 'online', 'away', 'offline'])
    })

    it('of who wants not to be seen is offline, while everything else goes on', async () => {
      const alice = await connect(0, a)
      await talk(alice, b)
      const bob = await connect(1, b)
      await alice.next({ type: 'PRESENCE', from: b, status: 'online' })
      bob.send({ type: 'PRESENCE', status: 'offline' })
      await alice.next({ type: 'PRESENCE', from: b, status: 'offline' })
      expect(await ask(alice, b)).to.deep.equal([[b, 'offline']])
      alice.send({ type: 'SINGLE_CHAT', clientMsgId: 'm2', to: b, body: 'are you there?' })
      await bob.next({ type: 'SINGLE_CHAT', body: 'are you there?' })
      alice.send({ type: 'PRESENCE', status: 'away' })
      await bob.next({ type: 'PRESENCE', from: a, status: 'away' })
    })

    it('can be asked for: many at once, in their order, by a frame and over REST', async () => {
      const [alice, bob] = [await connect(0, a), await connect(1, b)]
      const carol = newUser('carol')
      await connect(0, carol)
      bob.send({ type: 'PRESENCE', status: 'away' })
      await bob.settle()
      const nobody = newUser('nobody')
      const expected = [
        [nobody, 'offline'],
        [b, 'away'],
        [carol, 'online'],
        [a, 'online'],
      ]
      const users = expected.map(([user]) => String(user))
      expect(await until(async () => (await ask(alice, b))[0]?.[1] === 'away', 'bob is not away')).to.equal(
        true,
      )
      expect(await ask(alice, ...users)).to.deep.equal(expected)
      const token = await signToken(target(), a)
      const { body } = await api(gatewayOf(target(), 1), `/api/presence?users=${users.join(',')}`, { token })
      const rows = body.data as { userId: string; status: string; ts: number }[]
      expect(rows.map(({ userId, status }) => [userId, status])).to.deep.equal(expected)
      const many = Array.from({ length: 100 }, (_, index) => `nobody-${index}`)
      expect(await ask(alice, ...many)).to.have.length(100)
    })

    it('is asked for over REST with 1–100 user ids, and a token', async () => {
      const token = await signToken(target(), a)
      const url = gatewayOf(target(), 0)
      const tooMany = Array.from({ length: 101 }, (_, index) => `u${index}`).join(',')
      for (const users of ['', 'a,,b', 'no%20user', tooMany])
        expect(
          (await api(url, `/api/presence?users=${users}`, { token })).status,
          users.slice(0, 9),
        ).to.equal(400)
      expect((await api(url, '/api/presence', { token })).status).to.equal(400)
      expect((await api(url, `/api/presence?users=${b}`)).status).to.equal(401)
    })
  })
}
