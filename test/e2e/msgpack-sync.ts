import { expect } from 'chai'
import type { ValueMap } from '../support/msgpack-by-hand.ts'
import { MsgpackClient, type } from '../support/msgpack-client.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'

const OUTSTANDING = 64
const PAGE = 100

/** What waits for a MessagePack client, and how it asks for what it has missed; on any target. */
export function msgpackSyncSuite(target: () => Target): void {
  let a: string
  let b: string
  let alice: MsgpackClient
  let open: MsgpackClient[]

  const connect = async (user: string, index = 1, acks = false) => {
    const token = await signToken(target(), user)
    const client = await MsgpackClient.authenticated(gatewayOf(target(), index), token, { acks })
    open.push(client)
    return client
  }
  const names = (count: number, from = 0) => Array.from({ length: count }, (_, n) => `m${from + n}`)
  const sendAll = async (contents: readonly string[]) => {
    for (const content of contents) alice.send(type.chat, { to: b, type: 'text', content })
    const before = alice.all(type.ack, { status: 'saved' }).length
    await alice.atLeast(before + contents.length, type.ack, { status: 'saved' }, 30_000)
  }
  const sync = async (client: MsgpackClient, last_message_id: number, more: ValueMap = {}) => {
    const seq = client.send(type.syncReq, { last_message_id, ...more })
    const { payload } = await client.next(type.syncRsp, {}, seq, 30_000)
    return payload as { messages: { id: number; content: string; status: string }[]; has_more: boolean }
  }

  beforeEach(async () => {
    open = []
    a = newUser('alice')
    b = newUser('bob')
    alice = await connect(a, 0, true)
  })
  afterEach(() => {
    for (const client of open) client.socket.terminate()
  })

  describe('what was sent to a MessagePack client that was away', () => {
    it('is pushed in order after Auth, 64 at a time, the next as they are acknowledged', async function () {
      this.timeout(30_000)
      await sendAll(names(150))
      const bob = await connect(b)
      await bob.atLeast(OUTSTANDING, type.chatPush)
      await bob.settle()
      expect(bob.all(type.chatPush)).to.have.length(OUTSTANDING)
      const got: unknown[] = []
      while (got.length < 150) {
        const { payload } = await bob.next(type.chatPush)
        got.push(payload.content)
        bob.send(type.ack, { message_id: payload.id ?? 0, status: 'delivered' })
      }
      expect(got).to.deep.equal(names(150))
      await alice.atLeast(150, type.ack, { status: 'delivered', user_id: b })
      await bob.settle()
      await bob.close()
      const again = await connect(b, 0)
      await again.settle()
      expect(again.all(type.chatPush)).to.deep.equal([])
    })

    it('is pushed again until it is acknowledged', async () => {
      await sendAll(names(3))
      const first = await connect(b)
      const { payload } = await first.next(type.chatPush, { content: 'm0' })
      first.send(type.ack, { message_id: payload.id ?? 0, status: 'delivered' })
      await first.settle()
      await first.close()
      const second = await connect(b, 0)
      await second.atLeast(2, type.chatPush)
      await second.settle()
      expect(second.all(type.chatPush).map(frame => frame.payload.content)).to.deep.equal(['m1', 'm2'])
    })
  })

  describe('a SyncReq', () => {
    it('is answered with what lies after an id, by id, 100 a page, more while the page is full', async function () {
      this.timeout(30_000)
      await sendAll(names(2 * PAGE + 30))
      const bob = await connect(b)
      const got: string[] = []
      let pages = 0
      for (let last = 0, more = true; more; pages++) {
        const page = await sync(bob, last)
        expect(page.messages.map(({ id }) => id)).to.deep.equal(
          page.messages.map(({ id }) => id).toSorted((x, y) => x - y),
        )
        expect(page.has_more).to.equal(page.messages.length === PAGE)
        got.push(...page.messages.map(({ content }) => content))
        last = page.messages.at(-1)?.id ?? last
        more = page.has_more
      }
      expect(got).to.deep.equal(names(2 * PAGE + 30))
      expect(pages).to.equal(3)
      expect((await sync(bob, 0, { last_sync_time: 2_000_000_000 })).messages).to.have.length(PAGE)
      bob.send(type.syncReq, null, 900)
      expect((await bob.next(type.syncRsp, {}, 900)).payload.messages).to.have.length(PAGE)
    })

    it('has messages as they are pushed, with how far each has come: sent, delivered, read', async () => {
      await sendAll(names(4))
      const bob = await connect(b)
      const pushed = await bob.atLeast(4, type.chatPush)
      const statuses = async () => (await sync(bob, 0)).messages.map(({ status }) => status)
      expect((await sync(bob, 0)).messages).to.deep.equal(pushed.map(({ payload }) => payload))
      expect(await statuses()).to.deep.equal(['sent', 'sent', 'sent', 'sent'])
      const id = (index: number) => pushed[index]?.payload.id ?? 0
      bob.send(type.ack, { message_id: id(0), status: 'delivered' })
      bob.send(type.ack, { message_id: id(2), status: 'delivered' })
      expect(await statuses()).to.deep.equal(['delivered', 'sent', 'delivered', 'sent'])
      bob.send(type.ack, { message_id: id(1), status: 'read' })
      expect(await statuses()).to.deep.equal(['read', 'read', 'delivered', 'sent'])
      await alice.next(type.ack, { message_id: id(1), status: 'read', user_id: b })
      await bob.close()
      const again = await connect(b, 0)
      const last = (await sync(again, 0)).messages.map(({ status }) => status)
      expect(last).to.deep.equal(['read', 'read', 'delivered', 'sent'])
    })

    it('leaves out what others were sent, and what the user has sent', async () => {
      const carol = newUser('carol')
      await sendAll(['to bob'])
      alice.send(type.chat, { to: carol, type: 'text', content: 'to carol' })
      const bob = await connect(b, 1, true)
      bob.send(type.chat, { to: a, type: 'text', content: 'from bob' })
      await bob.next(type.ack, { status: 'saved' })
      expect((await sync(bob, 0)).messages.map(({ content }) => content)).to.deep.equal(['to bob'])
      expect((await sync(alice, 0)).messages.map(({ content }) => content)).to.deep.equal(['from bob'])
      expect(await sync(bob, 2 ** 50)).to.deep.equal({ messages: [], has_more: false })
    })

    it('stops a page early where the messages are large', async function () {
      this.timeout(60_000)
      const large = Array.from({ length: 7 }, (_, n) => `${n}`.repeat(200_000))
      await sendAll(large)
      const bob = await connect(b)
      const first = await sync(bob, 0)
      expect(first.messages.map(({ content }) => content[0])).to.deep.equal(['0', '1'])
      expect(first.has_more).to.equal(true)
      const rest: string[] = []
      for (let last = first.messages.at(-1)?.id ?? 0, more = true; more; ) {
        const page = await sync(bob, last)
        rest.push(...page.messages.map(({ content }) => content[0] ?? ''))
        last = page.messages.at(-1)?.id ?? last
        more = page.has_more
      }
      expect(rest).to.deep.equal(['2', '3', '4', '5', '6'])
    })

    it('may be acknowledged before its messages are pushed, and they are not pushed then', async () => {
      await sendAll(names(OUTSTANDING + 10))
      const bob = await connect(b)
      await bob.atLeast(OUTSTANDING, type.chatPush)
      const { messages } = await sync(bob, 0)
      expect(messages).to.have.length(OUTSTANDING + 10)
      const last = messages.at(-1)?.id ?? 0
      bob.send(type.ack, { message_id: last, status: 'delivered' })
      expect((await sync(bob, last - 1)).messages.map(({ status }) => status)).to.deep.equal(['delivered'])
      for (const { id } of messages.toReversed()) bob.send(type.ack, { message_id: id, status: 'delivered' })
      await alice.atLeast(OUTSTANDING + 10, type.ack, { status: 'delivered', user_id: b })
      await bob.settle()
      expect(bob.all(type.chatPush)).to.have.length(OUTSTANDING)
    })
  })
}
