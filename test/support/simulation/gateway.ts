import type { GroupContract } from '../../../actors/group/contract.ts'
import type { UserContract } from '../../../actors/user/contract.ts'
import { Tokens } from '../../../gateway/auth/tokens.ts'
import { Connection } from '../../../gateway/connection/connection.ts'
import { HeldPushes } from '../../../gateway/connection/held-pushes.ts'
import { HostLines } from '../../../gateway/connection/host-lines.ts'
import { SavedAcks } from '../../../gateway/connection/saved-acks.ts'
import { UserRates } from '../../../gateway/connection/user-rates.ts'
import { Connections } from '../../../gateway/connections.ts'
import { HostWatch } from '../../../gateway/host-watch.ts'
import { jsonProtocol } from '../../../gateway/json/json-protocol.ts'
import { createGatewayMetrics } from '../../../gateway/metrics.ts'
import { Reconciliation } from '../../../gateway/reconciliation.ts'
import type { Socket } from '../../../gateway/sockets/socket.ts'
import { Actors } from '../../../runtime/actor-runtime.ts'
import { Limit } from '../../../runtime/limit.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { readSettings } from '../../../runtime/settings.ts'
import type { SimulatedBus } from './bus.ts'
import { Member, type Surroundings } from './member.ts'
import { SimulatedProcess } from './virtual-time.ts'

const logger = makeLogger('silent', 'test')
const metrics = createGatewayMetrics({ processMetrics: false })
const tokens = await Tokens.create(readSettings({}), 'a secret of at least thirty-two bytes')

/** A client's end of a socket. */
export interface ClientEnd {
  hear(frame: string): void
  closed(code: number): void
}

/** A process with clients' connections, as the real ones are put together. */
export class SimulatedGateway {
  readonly bus: SimulatedBus
  readonly users: Actors<UserContract>
  readonly groups: Actors<GroupContract>
  readonly #around: Surroundings
  readonly #connections: Connections
  readonly #json
  readonly #parts
  readonly #open = new Set<ClientEnd>()
  #count = 0

  constructor(around: Surroundings, gatewayId: string) {
    const { settings, time } = around
    this.#around = around
    const process = new SimulatedProcess(gatewayId)
    const { bus, calls, watermark, connections } = time.as(process, () => {
      const member = new Member(around, process)
      const connections = new Connections(gatewayId, member.bus)
      new HostWatch(member.bus, connections, logger)
      new Reconciliation(gatewayId, member.bus, connections, logger)
      return { ...member, connections }
    })
    this.bus = bus
    this.users = new Actors<UserContract>(calls, 'user')
    this.groups = new Actors<GroupContract>(calls, 'group')
    this.#connections = connections
    this.#json = jsonProtocol({ maxBodyCharacters: 100, outstanding: settings.OUTSTANDING_MESSAGES })
    this.#parts = {
      gatewayId,
      users: this.users,
      tokens,
      touches: new Limit({ atOnce: 100, slowMs: 500, most: 100 }),
      hostLines: new HostLines(100),
      heldPushes: new HeldPushes(watermark),
      savedAcks: new SavedAcks(watermark),
      userRates: new UserRates(settings),
      metrics,
      settings,
      logger,
    }
  }

  /** A client connects: answers how to send and to be gone. */
  connect(user: string, device: string, client: ClientEnd): { send(frame: string): void; leave(): void } {
    const { time } = this.#around
    const { process } = this.bus
    const world = new SimulatedProcess(`${user}'s ${device}`)
    const [there, back] = [{ lastArrival: 0 }, { lastArrival: 0 }]
    const closed = (code: number) => {
      if (!this.#open.delete(client)) return
      time.arrive(world, () => client.closed(code), back)
      time.arrive(process, () => heard.closed(), there)
    }
    this.#open.add(client)
    let heard: Parameters<Socket['listen']>[0] = { message() {}, alive() {}, closed() {} }
    const socket: Socket = {
      bufferedAmount: 0,
      listen: listener => {
        heard = listener
      },
      send: (data, taken) => {
        if (this.#open.has(client)) time.arrive(world, () => client.hear(String(data)), back)
        taken?.()
      },
      flush: () => true,
      ping: mark => time.arrive(process, () => heard.alive(mark), there),
      pause: () => undefined,
      resume: () => undefined,
      close: code => closed(code),
      terminate: () => closed(1006),
    }
    time.arrive(process, () => {
      const connId = `${this.#parts.gatewayId}-${++this.#count}`
      const parts = { ...this.#parts, closed: () => this.#connections.remove(connection) }
      const connection = new Connection(connId, socket, { protocol: this.#json }, parts)
      this.#connections.add(connection)
      connection.begin({ user, sv: 0, device, expiresAt: Number.POSITIVE_INFINITY })
    })
    return {
      send: frame => time.arrive(process, () => heard.message(Buffer.from(frame), false), there),
      leave: () => closed(1006),
    }
  }

  crashed(): void {
    for (const client of this.#open)
      this.#around.time.arrive(new SimulatedProcess('client'), () => client.closed(1006))
  }
}
