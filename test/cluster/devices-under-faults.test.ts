import { expect } from 'chai'
import { ClusterTarget, unlimited } from '../support/cluster-target.ts'
import { signToken } from '../support/target.ts'
import { until } from '../support/until.ts'
import { WireClient } from '../support/wire-client.ts'

const DEVICES = ['phone', 'laptop', 'watch']
const MESSAGES = 400
/** A client connects again this often, ms: at once would be more than a dying gateway's balancer allows. */
const AGAIN_MS = 200
/** Finding out (3 s), the grace (5 s), and what a busy machine adds. */
const GONE_WITHIN_MS = 20_000

/** A device that connects again, to the next gateway, whenever its connection is lost, and acknowledges what it gets. */
class Device {
  readonly #target: ClusterTarget
  readonly #token: string
  #gateway: number
  /** By serverMsgId, which tells repeats. */
  readonly received = new Map<string, string>()
  readonly #clientMsgIds: string[] = []
  client: WireClient | undefined
  reconnections = -1
  #ended = false

  constructor(target: ClusterTarget, token: string, gateway: number) {
    this.#target = target
    this.#token = token
    this.#gateway = gateway
  }

  /** Resolves when it has been closed by `end`. */
  async run(): Promise<void> {
    while (!this.#ended) {
      try {
        const url = this.#target.gateways[this.#gateway++ % this.#target.gateways.length] ?? ''
        const client = await WireClient.open(url)
        client.socket.on('message', data => this.#onFrame(client, String(data)))
        client.send({ type: 'AUTH', token: this.#token })
        await client.next({ type: 'AUTH_OK' })
        this.reconnections++
        this.client = client
        await client.closed
      } catch {
        await new Promise(resolve => setTimeout(resolve, AGAIN_MS))
      }
    }
  }

  end(): void {
    this.#ended = true
    this.client?.socket.terminate()
  }

  /** What it has received, in the order of arrival, repeats left out. */
  get order(): readonly string[] {
    return this.#clientMsgIds
  }

  #onFrame(client: WireClient, text: string): void {
    const frame = JSON.parse(text) as Record<string, string>
    if (frame.type !== 'SINGLE_CHAT' || !frame.serverMsgId) return
    client.send({ type: 'ACK', ackType: 'delivered', serverMsgId: frame.serverMsgId })
    if (this.received.has(frame.serverMsgId)) return
    this.received.set(frame.serverMsgId, frame.clientMsgId ?? '')
    this.#clientMsgIds.push(frame.clientMsgId ?? '')
  }
}

describe('three devices of a user while gateways and hosts are killed', function () {
  this.timeout(180_000)
  let target: ClusterTarget
  const devices: Device[] = []
  const running: Promise<void>[] = []

  before(async () => {
    target = await ClusterTarget.start({ gateways: 3, hosts: 2, settings: unlimited })
  })
  after(async () => {
    for (const device of devices) device.end()
    await Promise.all(running)
    await target?.stop()
  })
  const start = async (user: string, claims: Record<string, unknown>, gateway: number) => {
    const device = new Device(target, await signToken(target, user, claims), gateway)
    devices.push(device)
    running.push(device.run())
    await until(() => device.client !== undefined, 'a device cannot connect')
    return device
  }

  it('get each message once and in order, each of them', async () => {
    const mine: Device[] = []
    for (const [index, device] of DEVICES.entries())
      mine.push(await start('alice', { device, device_policy: 3 }, index))
    const bob = await start('bob', {}, 2)
    const ids = Array.from({ length: MESSAGES }, (_, n) => `m${n}`)
    const accepted = (clientMsgId: string) =>
      (bob.client?.all({ type: 'ACK', clientMsgId, ackType: 'accepted' }).length ?? 0) > 0
    const faults = [
      ['gateway-1', MESSAGES * 0.2],
      ['host-1', MESSAGES * 0.4],
      ['gateway-2', MESSAGES * 0.6],
      ['host-2', MESSAGES * 0.8],
    ] as const
    const healing: Promise<void>[] = []
    for (const [n, clientMsgId] of ids.entries()) {
      const fault = faults.find(([, at]) => at === n)
      if (fault) healing.push(target.cluster.kill(fault[0]).then(() => target.cluster.restartPair(fault[0])))
      // Bob waits for each, and repeats it until it is taken: so they are in order, whatever dies.
      await until(
        async () => {
          bob.client?.send({ type: 'SINGLE_CHAT', clientMsgId, to: 'alice', body: clientMsgId })
          return await until(() => accepted(clientMsgId), 'not yet', 1000).catch(() => false)
        },
        `${clientMsgId} is not accepted`,
        60_000,
      )
    }
    await Promise.all(healing)
    for (const [index, device] of mine.entries()) {
      await until(() => device.order.length >= MESSAGES, `${DEVICES[index]} has not got everything`, 30_000)
      await device.client?.settle()
      expect(device.order, DEVICES[index]).to.deep.equal(ids)
    }
    expect(
      mine.reduce((sum, { reconnections }) => sum + reconnections, 0),
      'something was lost',
    ).to.be.above(0)
  })

  it('presence ends right after a gateway was killed: gone who is gone, and no word of who is back', async () => {
    const watcher = await start('watcher', {}, 2)
    const [gone, back] = ['gone', 'back']
    const connect = async (user: string, gateway: number) =>
      WireClient.authenticated(target.gateways[gateway] ?? '', await signToken(target, user))
    for (const user of [gone, back]) {
      watcher.client?.send({ type: 'SINGLE_CHAT', clientMsgId: `to ${user}`, to: user, body: 'hello' })
      await watcher.client?.next({ type: 'ACK', ackType: 'saved', clientMsgId: `to ${user}` })
      await connect(user, 0)
      await watcher.client?.next({ type: 'PRESENCE', from: user, status: 'online' })
    }
    await target.cluster.kill('gateway-1')
    const again = await connect(back, 1)
    await watcher.client?.next({ type: 'PRESENCE', from: gone, status: 'offline' }, GONE_WITHIN_MS)
    await target.cluster.restartPair('gateway-1')
    again.send({ type: 'PRESENCE', status: 'away' })
    await watcher.client?.next({ type: 'PRESENCE', from: back, status: 'away' })
    const heard = (user: string) =>
      watcher.client?.all({ type: 'PRESENCE', from: user }).map(({ status }) => status)
    expect(heard(gone)).to.deep.equal(['online', 'offline'])
    expect(heard(back)).to.deep.equal(['online', 'away'])
    await again.close()
  })

  it('presence goes on when a host was killed: nobody seems gone, who is away stays away, later changes are told', async () => {
    const watcher = await start('warden', {}, 2)
    const users = Array.from({ length: 10 }, (_, n) => `guest${n}`)
    const clients: WireClient[] = []
    for (const [n, user] of users.entries()) {
      watcher.client?.send({ type: 'SINGLE_CHAT', clientMsgId: `to ${user}`, to: user, body: 'hello' })
      await watcher.client?.next({ type: 'ACK', ackType: 'saved', clientMsgId: `to ${user}` })
      const client = await WireClient.authenticated(
        target.gateways[n % 3] ?? '',
        await signToken(target, user),
      )
      clients.push(client)
      client.send({ type: 'PRESENCE', status: 'away' })
      await watcher.client?.next({ type: 'PRESENCE', from: user, status: 'away' })
    }
    await target.cluster.kill('host-1')
    await target.cluster.restartPair('host-1')
    // Each has an owner once its client has had an answer of it; half of them a new one.
    for (const [n, client] of clients.entries()) {
      client.send({ type: 'PRESENCE', users: [users[n]] })
      await client.next({ type: 'PRESENCE', from: users[n] })
    }
    const asked = watcher.client?.all({ type: 'PRESENCE' }).length ?? 0
    watcher.client?.send({ type: 'PRESENCE', users })
    const answers = await watcher.client?.atLeast(asked + users.length, { type: 'PRESENCE' })
    expect(answers?.slice(asked).map(({ status }) => status)).to.deep.equal(users.map(() => 'away'))
    for (const client of clients) client.send({ type: 'PRESENCE', status: 'online' })
    for (const user of users)
      await watcher.client?.atLeast(1, { type: 'PRESENCE', from: user, status: 'online' }, GONE_WITHIN_MS)
    const offline = watcher.client?.all({ type: 'PRESENCE', status: 'offline' })
    expect(offline?.filter(({ from }) => users.includes(String(from)))).to.deep.equal([])
    for (const client of clients) client.socket.terminate()
  })
})
