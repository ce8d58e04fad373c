import { expect } from 'chai'
import { groupConversation } from '../../protocol/ids.ts'
import { GroupClients } from '../support/group-clients.ts'
import { MsgpackClient, type } from '../support/msgpack-client.ts'
import { gatewayOf, type Target } from '../support/target.ts'

const LARGE = 500_000
const OUTSTANDING = 64
/** Messages of each of three feeds: two do not fit. */
const EACH = 40

/** MessagePack clients among others, on any target. */
export function msgpackMixedSuite(target: () => Target): void {
  describe('a MessagePack client among JSON clients', () => {
    const clients = new GroupClients(target)
    const open: MsgpackClient[] = []
    afterEach(() => {
      clients.closeAll()
      for (const client of open.splice(0)) client.socket.terminate()
    })

    const connect = async (token: string, index: number) => {
      const client = await MsgpackClient.authenticated(gatewayOf(target(), index), token, { acks: true })
      open.push(client)
      return client
    }

    it('gets the messages of its groups, and nothing else of them is in its way', async () => {
      const [alice, bob] = await clients.people('alice', 'bob')
      if (!alice || !bob) return
      const group = await clients.group(alice, [bob])
      const toAlice = await clients.connect(alice)
      await clients.say(toAlice, group, 'while away')
      const toBob = await connect(bob.token, 1)
      const { payload } = await toBob.next(type.chatPush, { content: 'while away' })
      expect(payload).to.include({
        from: alice.id,
        to: Number(group),
        conversation_id: groupConversation(group),
      })
      toBob.send(type.ack, { message_id: payload.id ?? 0, status: 'read' })
      await clients.ok(alice, 'PUT', `/${group}`, { operatorId: alice.id, groupName: 'renamed' })
      await clients.say(toAlice, group, 'live')
      const live = await toBob.next(type.chatPush, { content: 'live' })
      toBob.send(type.ack, { message_id: live.payload.id ?? 0, status: 'delivered' })
      await toBob.settle()
      expect(toBob.all(type.chatPush)).to.have.length(2)
      await toBob.close()
      const again = await connect(bob.token, 0)
      await again.settle()
      expect(again.all(type.chatPush)).to.deep.equal([])
    })

    it('has one room of 64 for all that it has not acknowledged, and then the rest of every feed', async () => {
      const [alice, bob] = await clients.people('alice', 'bob')
      if (!alice || !bob) return
      const groups = [await clients.group(alice, [bob]), await clients.group(alice, [bob])]
      const toAlice = await clients.connect(alice)
      for (let n = 0; n < EACH; n++) {
        toAlice.send({ type: 'SINGLE_CHAT', clientMsgId: `d${n}`, to: bob.id, body: `d${n}` })
        for (const [g, groupId] of groups.entries())
          toAlice.send({ type: 'GROUP_CHAT', clientMsgId: `${g}-${n}`, groupId, body: `${g}-${n}` })
      }
      await toAlice.atLeast(3 * EACH, { type: 'ACK', ackType: 'saved' })
      const toBob = await connect(bob.token, 1)
      await toBob.atLeast(OUTSTANDING, type.chatPush)
      await toBob.settle()
      expect(toBob.all(type.chatPush)).to.have.length(OUTSTANDING)
      const got: string[] = []
      while (got.length < 3 * EACH) {
        const { payload } = await toBob.next(type.chatPush)
        got.push(String(payload.content))
        toBob.send(type.ack, { message_id: payload.id ?? 0, status: 'delivered' })
      }
      const prefixes = ['d', '0-', '1-']
      const all = prefixes.flatMap(prefix => Array.from({ length: EACH }, (_, n) => `${prefix}${n}`))
      expect(prefixes.flatMap(prefix => got.filter(text => text.startsWith(prefix)))).to.deep.equal(all)
    })

    it('may send what is larger than their own messages: all of it comes, in order, live and after a while', async function () {
      this.timeout(60_000)
      const [alice, bob] = await clients.people('alice', 'bob')
      if (!alice || !bob) return
      const toAlice = await connect(alice.token, 0)
      const texts = Array.from({ length: 24 }, (_, n) => `${n} ${'x'.repeat(LARGE)}`)
      const send = async (some: readonly string[]) => {
        const before = toAlice.all(type.ack, { status: 'saved' }).length
        for (const content of some) toAlice.send(type.chat, { to: bob.id, type: 'text', content })
        await toAlice.atLeast(before + some.length, type.ack, { status: 'saved' }, 30_000)
      }
      await send(texts.slice(0, 20))
      const toBob = await clients.connect(bob, 1)
      await toBob.atLeast(20, { type: 'SINGLE_CHAT' }, 30_000)
      await send(texts.slice(20))
      const got = await toBob.atLeast(24, { type: 'SINGLE_CHAT' }, 30_000)
      expect(got.map(({ body }) => String(body).split(' ')[0])).to.deep.equal(
        texts.map(text => text.split(' ')[0]),
      )
      expect(got.every(({ body }) => String(body).length >= LARGE)).to.equal(true)
    })
  })
}
