import { expect } from 'chai'
import { unreadOf } from '../support/api.ts'
import { GroupClients } from '../support/group-clients.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { type Frame, WireClient } from '../support/wire-client.ts'

/** A user with three devices, on different gateways where there are several; the tokens allow it. */
export function devicesSuite(target: () => Target): void {
  describe('a user with three devices', () => {
    const groups = new GroupClients(target)
    const open: WireClient[] = []
    let a: string
    let b: string
    let phone: WireClient
    let laptop: WireClient
    let watch: WireClient
    let bob: WireClient

    const connect = async (index: number, user: string, claims: Record<string, unknown> = {}) => {
      const token = await signToken(target(), user, claims)
      const client = await WireClient.authenticated(gatewayOf(target(), index), token)
      open.push(client)
      return client
    }
    const device = (index: number, name: string) => connect(index, a, { device: name, device_policy: 3 })
    const chats = (client: WireClient, fields: Frame = {}) =>
      client.all({ type: 'SINGLE_CHAT', ...fields }).map(({ body }) => body)

    beforeEach(async () => {
      a = newUser('alice')
      b = newUser('bob')
      phone = await device(0, 'phone')
      laptop = await device(1, 'laptop')
      watch = await device(2, 'watch')
      bob = await connect(0, b)
    })
    afterEach(() => {
      for (const client of open.splice(0)) client.socket.terminate()
      groups.closeAll()
    })

    it('gets every message on each, and resent only on the one that has not acknowledged it', async () => {
      bob.send({ type: 'SINGLE_CHAT', clientMsgId: 'm1', to: a, body: 'to all' })
      for (const client of [phone, laptop]) {
        const { serverMsgId } = await client.next({ type: 'SINGLE_CHAT', body: 'to all' })
        client.send({ type: 'ACK', ackType: 'delivered', serverMsgId })
        await client.settle()
      }
      await watch.next({ type: 'SINGLE_CHAT', body: 'to all' })
      for (const client of [phone, watch]) await client.close()
      const [phoneAgain, watchAgain] = [await device(1, 'phone'), await device(0, 'watch')]
      await watchAgain.next({ type: 'SINGLE_CHAT', body: 'to all' })
      bob.send({ type: 'SINGLE_CHAT', clientMsgId: 'm2', to: a, body: 'later' })
      await phoneAgain.next({ type: 'SINGLE_CHAT', body: 'later' })
      expect(chats(phoneAgain)).to.deep.equal(['later'])
    })

    it('sees on the others what one has sent, once, however often it is repeated', async () => {
      const message = { type: 'SINGLE_CHAT', clientMsgId: 'm1', to: b, body: 'from the phone' }
      for (let round = 0; round < 3; round++) phone.send(message)
      const { serverMsgId } = await phone.next({ type: 'ACK', ackType: 'saved', clientMsgId: 'm1' })
      laptop.send({ ...message, body: 'from the laptop', clientMsgId: 'm2' })
      await laptop.next({ type: 'ACK', ackType: 'saved', clientMsgId: 'm2' })
      laptop.send(message)
      await laptop.next({ type: 'ACK', ackType: 'accepted', clientMsgId: 'm1' })
      const copy = await watch.next({ type: 'SINGLE_CHAT', clientMsgId: 'm1' })
      expect(copy).to.include({ from: a, to: b, body: 'from the phone', serverMsgId })
      await watch.next({ type: 'SINGLE_CHAT', clientMsgId: 'm2' })
      await phone.next({ type: 'SINGLE_CHAT', clientMsgId: 'm2' })
      for (const client of [phone, laptop, watch]) await client.settle()
      expect(chats(phone), 'not what it has sent itself').to.deep.equal(['from the laptop'])
      expect(chats(laptop)).to.deep.equal(['from the phone'])
      expect(chats(watch)).to.deep.equal(['from the phone', 'from the laptop'])
      await bob.next({ type: 'SINGLE_CHAT', clientMsgId: 'm2' })
      expect(chats(bob)).to.deep.equal(['from the phone', 'from the laptop'])
    })

    it('may acknowledge what another device has sent, and has nothing unread by it', async () => {
      phone.send({ type: 'SINGLE_CHAT', clientMsgId: 'm1', to: b, body: 'mine' })
      const { serverMsgId } = await watch.next({ type: 'SINGLE_CHAT', body: 'mine' })
      for (const ackType of ['delivered', 'read']) watch.send({ type: 'ACK', ackType, serverMsgId })
      await watch.settle()
      expect(watch.all({ type: 'ERROR' })).to.deep.equal([])
      await bob.next({ type: 'SINGLE_CHAT', body: 'mine' })
      await phone.next({ type: 'ACK', ackType: 'saved' })
      expect(await unreadOf(gatewayOf(target(), 0), a, await signToken(target(), a))).to.deep.equal({})
      await phone.settle()
      expect(phone.all({ type: 'ACK', ackType: 'read' }), 'bob has not read it').to.deep.equal([])
    })

    it('sees its own words in a group on the others, once and among those of others', async () => {
      const carol = await groups.person('carol')
      const group = await groups.group({ id: a, token: await signToken(target(), a) }, [carol])
      const toCarol = await groups.connect(carol)
      await watch.next({ type: 'GROUP_NOTIFY', event: 'created' })
      for (const [client, body] of [
        [phone, 'one'],
        [toCarol, 'two'],
        [laptop, 'three'],
        [toCarol, 'four'],
      ] as const) {
        const message = { type: 'GROUP_CHAT', clientMsgId: body, groupId: group, body }
        client.send(message)
        await client.next({ type: 'ACK', ackType: 'saved', clientMsgId: body })
        client.send(message)
        await client.next({ type: 'ACK', ackType: 'saved', clientMsgId: body })
      }
      const heard = (client: WireClient) => client.all({ type: 'GROUP_CHAT' }).map(({ body }) => body)
      await watch.next({ type: 'GROUP_CHAT', body: 'four' })
      for (const client of [phone, laptop]) await client.next({ type: 'GROUP_CHAT', body: 'four' })
      for (const client of [phone, laptop, watch]) await client.settle()
      expect(heard(watch)).to.deep.equal(['one', 'two', 'three', 'four'])
      expect(heard(phone)).to.deep.equal(['two', 'three', 'four'])
      expect(heard(laptop)).to.deep.equal(['one', 'two', 'four'])
      const { serverMsgId } = watch.all({ type: 'GROUP_CHAT', body: 'one' })[0] ?? {}
      for (const ackType of ['delivered', 'read']) watch.send({ type: 'ACK', ackType, serverMsgId })
      await watch.settle()
      expect(watch.all({ type: 'ERROR' })).to.deep.equal([])
    })

    it('sees on all what was said in its name over REST', async () => {
      const owner = { id: a, token: await signToken(target(), a) }
      const group = await groups.group(owner, [])
      await watch.next({ type: 'GROUP_NOTIFY', event: 'created' })
      const body = { senderId: a, content: 'by hand', messageType: 'TEXT', msgId: 'r1' }
      for (let round = 0; round < 2; round++) await groups.ok(owner, 'POST', `/${group}/messages`, body)
      for (const client of [phone, laptop, watch]) {
        await client.next({ type: 'GROUP_CHAT', body: 'by hand' })
        await client.settle()
        expect(client.all({ type: 'GROUP_CHAT' })).to.have.length(1)
      }
    })
  })
}
