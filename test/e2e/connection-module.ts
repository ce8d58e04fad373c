import { expect } from 'chai'
import { MsgpackClient, type } from '../support/msgpack-client.ts'
import { gatewayOf, signToken, type Target } from '../support/target.ts'

/** Section 8 of document 004, "测试要点", point by point; on any target. */
export function connectionModuleSuite(target: () => Target): void {
  describe('the connection module, as document 004 has it tested', () => {
    let users: number
    let a: number
    let b: number
    let open: MsgpackClient[]

    before(() => {
      users = 0
    })
    beforeEach(() => {
      open = []
      a = Number(`6${process.pid}${++users}1`)
      b = Number(`6${process.pid}${users}2`)
    })
    afterEach(() => {
      for (const client of open) client.socket.terminate()
    })

    const connect = async (user: number, index = 0, claims: Record<string, unknown> = {}) => {
      const token = await signToken(target(), user, claims)
      const client = await MsgpackClient.authenticated(gatewayOf(target(), index), token)
      open.push(client)
      return client
    }
    const chat = (from: MsgpackClient, to: number, content: string) =>
      from.send(type.chat, { to, type: 'text', content })
    const acknowledge = (client: MsgpackClient, message_id: unknown, status: string) =>
      client.send(type.ack, { message_id: message_id as number, status })

    it('连接建立和断开: connects and disconnects', async () => {
      const client = await MsgpackClient.open(gatewayOf(target(), 0))
      expect(client.socket.readyState).to.equal(client.socket.OPEN)
      expect((await client.close()).code).to.equal(1005)
    })

    it('认证成功/失败: authenticates, or is told that it fails', async () => {
      const good = await connect(a)
      expect(good.frames[0]).to.deep.equal({ type: 101, seq: 1, payload: { success: true, user_id: a } })
      const bad = await MsgpackClient.open(gatewayOf(target(), 0))
      bad.send(type.auth, { token: 'wrong' })
      expect((await bad.next(type.authRsp)).payload.success).to.equal(false)
      await bad.closed
    })

    it('心跳保活: answers pings at once', async () => {
      const client = await connect(a)
      for (let ping = 0; ping < 10; ping++) await client.settle()
      expect(client.all(type.pong)).to.have.length(10)
    })

    it('消息收发: carries messages both ways', async () => {
      const [alice, bob] = [await connect(a, 0), await connect(b, 1)]
      chat(alice, b, '你好')
      expect((await bob.next(type.chatPush)).payload).to.include({ from: a, to: b, content: '你好' })
      chat(bob, a, '再见')
      expect((await alice.next(type.chatPush)).payload).to.include({ from: b, to: a, content: '再见' })
    })

    it('离线消息推送: pushes what came while the user was away', async () => {
      const alice = await connect(a, 0)
      for (const content of ['1', '2', '3']) chat(alice, b, content)
      await alice.settle()
      const bob = await connect(b, 1)
      const pushed = await bob.atLeast(3, type.chatPush)
      expect(pushed.map(({ payload }) => payload.content)).to.deep.equal(['1', '2', '3'])
    })

    it('在线状态广播: tells those who write to each other how the other is there', async function () {
      this.timeout(30_000)
      const alice = await connect(a, 0)
      chat(alice, b, 'hello')
      await alice.settle()
      const bob = await connect(b, 1)
      const { payload } = await alice.next(type.presencePush, { user_id: b })
      expect(payload).to.deep.equal({ user_id: b, status: 'online' })
      await bob.next(type.presencePush, { user_id: a, status: 'online' })
      for (const status of ['away', 'online']) {
        bob.send(type.presence, { status })
        await alice.next(type.presencePush, { user_id: b, status })
      }
      await bob.close()
      await alice.next(type.presencePush, { user_id: b, status: 'offline' }, undefined, 12_000)
    })

    it('多设备同时在线: lets three devices of a user be there at once, and the fourth kicks the oldest', async () => {
      const device = (index: number) => connect(b, index, { device: `d${index}`, device_policy: 3 })
      const devices = [await device(0), await device(1), await device(2)]
      const alice = await connect(a, 0)
      chat(alice, b, 'to all')
      for (const client of devices) await client.next(type.chatPush, { content: 'to all' })
      const fourth = await device(3)
      expect((await devices[0]?.closed)?.code).to.equal(4500)
      chat(alice, b, 'again')
      for (const client of [devices[1], devices[2], fourth])
        await client?.next(type.chatPush, { content: 'again' })
    })

    it('重连机制: takes up after a lost connection where it was', async () => {
      const [alice, bob] = [await connect(a, 0), await connect(b, 1)]
      chat(alice, b, 'before')
      acknowledge(bob, (await bob.next(type.chatPush)).payload.id, 'delivered')
      await bob.settle()
      bob.socket.terminate()
      chat(alice, b, 'between')
      await alice.settle()
      const again = await connect(b, 0)
      await again.next(type.chatPush, { content: 'between' })
      chat(alice, b, 'after')
      await again.next(type.chatPush, { content: 'after' })
      expect(again.all(type.chatPush, { content: 'before' })).to.deep.equal([])
    })

    it('消息确认: tells the sender that a message is delivered, and that it is read', async () => {
      const [alice, bob] = [await connect(a, 0), await connect(b, 1)]
      chat(alice, b, 'x')
      const { message_id } = (await bob.next(type.chatPush)).payload
      for (const status of ['delivered', 'read']) {
        acknowledge(bob, message_id, status)
        const { payload } = await alice.next(type.ack, { status })
        expect(payload).to.deep.equal({ message_id, status, user_id: b })
      }
    })

    it('并发连接: serves 20 users with three connections each', async () => {
      const clients = await Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          connect(Number(`${a}${n % 20}`), n, { device: `d${n}`, device_policy: 3 }),
        ),
      )
      for (let n = 0; n < 20; n++)
        chat(clients[n] as MsgpackClient, Number(`${a}${(n + 1) % 20}`), `from ${n}`)
      for (const [n, client] of clients.entries())
        await client.next(type.chatPush, { content: `from ${(n + 19) % 20}` })
    })
  })
}
