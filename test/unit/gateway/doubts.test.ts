import { expect } from 'chai'
import type { Attached, ConnectionRef, UserContract } from '../../../actors/user/contract.ts'
import type { Session } from '../../../gateway/auth/tokens.ts'
import { Tokens } from '../../../gateway/auth/tokens.ts'
import { Connection } from '../../../gateway/connection/connection.ts'
import type { ConnectionParts } from '../../../gateway/connection/connection-parts.ts'
import { HeldPushes } from '../../../gateway/connection/held-pushes.ts'
import { HostLines } from '../../../gateway/connection/host-lines.ts'
import { SavedAcks } from '../../../gateway/connection/saved-acks.ts'
import { UserRates } from '../../../gateway/connection/user-rates.ts'
import { Connections } from '../../../gateway/connections.ts'
import { jsonProtocol } from '../../../gateway/json/json-protocol.ts'
import { createGatewayMetrics } from '../../../gateway/metrics.ts'
import type { Socket, SocketListener, WireData } from '../../../gateway/sockets/socket.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import { subjects } from '../../../messaging/subjects.ts'
import { Watermark } from '../../../messaging/watermark.ts'
import { type ActorRuntime, Actors } from '../../../runtime/actor-runtime.ts'
import { Limit } from '../../../runtime/limit.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { readSettings } from '../../../runtime/settings.ts'
import { eventually } from '../../support/eventually.ts'

const CONNECTIONS = 300
const AT_ONCE = 8

/** Actors that answer binds at once, and touches when they are let. */
class HeldTouches implements ActorRuntime {
  readonly touched: string[] = []
  readonly handled: string[] = []
  readonly #held: (() => void)[] = []
  mostAtOnce = 0

  async call(_type: string, id: string, method: string, args: unknown): Promise<unknown> {
    if (method === 'handle') {
      this.handled.push(id)
      return { ok: true, results: (args as { ops: unknown[] }).ops.map(() => null) }
    }
    if (method === 'touch') {
      this.touched.push((args as ConnectionRef).connId)
      await new Promise<void>(resolve => {
        this.#held.push(resolve)
        this.mostAtOnce = Math.max(this.mostAtOnce, this.#held.length)
      })
    }
    return { ok: true, hostId: 'h1', epoch: 1, n: 0 } satisfies Attached
  }

  answer(): void {
    for (const resolve of this.#held.splice(0)) resolve()
  }
}

class StillSocket implements Socket {
  readonly bufferedAmount = 0
  readonly sent: string[] = []
  listener: SocketListener | undefined
  listen(listener: SocketListener): void {
    this.listener = listener
  }
  send(data: WireData): void {
    this.sent.push(String(data))
  }
  flush(): boolean {
    return true
  }
  ping(): void {}
  pause(): void {}
  resume(): void {}
  close(): void {}
  terminate(): void {}
}

describe('the connections of a gateway in doubt', () => {
  const bus = new MemoryBus()
  const logger = makeLogger('silent', 'test')
  let actors: HeldTouches
  let connections: Connections
  let sockets: Map<string, StillSocket>

  beforeEach(async () => {
    actors = new HeldTouches()
    connections = new Connections('g1', bus)
    sockets = new Map()
    const settings = readSettings({})
    const watermark = new Watermark(bus)
    const parts: ConnectionParts = {
      gatewayId: 'g1',
      users: new Actors<UserContract>(actors, 'user'),
      tokens: await Tokens.create(settings, 'a secret of at least thirty-two bytes'),
      touches: new Limit({ atOnce: AT_ONCE, slowMs: 60_000, most: AT_ONCE }),
      hostLines: new HostLines(10),
      heldPushes: new HeldPushes(watermark),
      savedAcks: new SavedAcks(watermark),
      userRates: new UserRates(settings),
      metrics: createGatewayMetrics(),
      settings,
      logger,
      closed: () => undefined,
    }
    const json = jsonProtocol({ maxBodyCharacters: 100, outstanding: 10 })
    for (let n = 0; n < CONNECTIONS; n++) {
      const socket = new StillSocket()
      const connection = new Connection(`c${n}`, socket, { protocol: json }, parts)
      sockets.set(`c${n}`, socket)
      connections.add(connection)
      connection.begin({ user: `u${n}`, sv: 0, expiresAt: Number.POSITIVE_INFINITY } as Session)
    }
    await eventually(() => expect(connections.idsOn('h1')).to.have.length(CONNECTIONS))
  })
  afterEach(async () => {
    actors.answer()
    await connections.close()
  })

  const read = (connId: string) => {
    const frame = { type: 'ACK', ackType: 'delivered', serverMsgId: '1' }
    sockets.get(connId)?.listener?.message(Buffer.from(JSON.stringify(frame)), false)
  }

  it('take nothing from that moment on, the last of them too, until each is confirmed', async () => {
    const confirmed = connections.doubtAll(() => true)
    const last = `c${CONNECTIONS - 1}`
    read(last)
    expect(connections.idsOn('h1')).to.deep.equal([])
    while (connections.idsOn('h1').length < CONNECTIONS) {
      const isConfirmed = connections.idsOn('h1').includes(last)
      if (!isConfirmed) expect(actors.handled).to.deep.equal([])
      actors.answer()
      await new Promise(resolve => setImmediate(resolve))
    }
    await confirmed
    await eventually(() => expect(actors.handled).to.deep.equal([`u${CONNECTIONS - 1}`]))
  })

  it(`are touched ${AT_ONCE} at once, and those that wait once, however often and by whom they are doubted`, async () => {
    const doubts = Array.from({ length: 10 }, () => connections.doubtAll(() => true))
    for (const connId of sockets.keys()) bus.publish(subjects.doubt('g1'), { connIds: [connId] })
    const underWay = actors.touched.slice()
    expect(underWay).to.have.length(AT_ONCE)
    await untilConfirmed()
    await Promise.all(doubts)
    // An actor that had been asked before the last doubt may have answered of before: it is asked again.
    expect(actors.touched.toSorted()).to.deep.equal([...sockets.keys(), ...underWay].sort())
    expect(actors.mostAtOnce).to.equal(AT_ONCE)
  })

  it('are closed when a push has not come by the time it is counted, and no others are', () => {
    connections.compare({ c0: [1, 0], c1: [1, 1], c2: [0, 5], gone: [1, 1] })
    expect(connections.idsOn('h1'))
      .to.have.length(CONNECTIONS - 1)
      .and.not.include('c1')
  })

  async function untilConfirmed(): Promise<void> {
    while (connections.idsOn('h1').length < CONNECTIONS) {
      actors.answer()
      await new Promise(resolve => setImmediate(resolve))
    }
  }
})
