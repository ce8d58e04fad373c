import { type Bus, type BusSubscription, NoResponders } from '../messaging/bus.ts'
import { subjects } from '../messaging/subjects.ts'
import type { Logger } from '../runtime/logger.ts'

const ASK_EVERY_MS = 1000
const ANSWER_MS = 1000
/** Nobody served it so often in a row: the gateway is dead, and not about to connect to the bus again. */
const DEAD_AFTER = 3
/** A route missing from so many lists of its gateway in a row is not there. */
const GONE_AFTER = 2

/** What a gateway tells a host every 30 s: the connections whose users it believes to be there. */
export interface ReconcileRequest {
  readonly gatewayId: string
  readonly connIds: readonly string[]
}

export interface ReconcileAnswer {
  /** Those that this host has no route for. */
  readonly unknown: readonly string[]
  /** How far each of the others has been pushed to: what has not come by now is lost. */
  readonly pushed: Readonly<Record<string, PushPlace>>
}

/** The last push to a connection: the epoch of its owner, and its number in it. */
export type PushPlace = readonly [epoch: number, n: number]

/** What a host tells a gateway: these connections have to ask their actors whether they miss something. */
export interface DoubtNotice {
  readonly connIds: readonly string[]
}

/** What an actor asks of a gateway. */
export interface HoldsRequest {
  readonly connId: string
}

export interface HoldsAnswer {
  readonly held: boolean
}

/** A connection of this host's. */
export interface WatchedRoute {
  readonly place: () => PushPlace
  /** Takes the connection out of its route and calls `forget`. */
  readonly unbind: () => void
}

interface Route extends WatchedRoute {
  missing: number
}

interface Gateway {
  readonly routes: Map<string, Route>
  unserved: number
}

/**
 * The gateways that hold connections of this host's users. Asks each for a sign of life every second and unbinds the
 * routes of a dead one. One that is frozen keeps them: it touches its connections when it wakes up, and a new
 * connection of a user replaces the old one anyway. When this host has been cut off from the bus, what it pushed
 * meanwhile is lost: its connections are told so.
 */
export class GatewayWatch {
  readonly #bus: Bus
  readonly #logger: Logger
  readonly #gateways = new Map<string, Gateway>()
  readonly #timer: NodeJS.Timeout
  readonly #lists: BusSubscription

  constructor(bus: Bus, hostId: string, logger: Logger, askEveryMs = ASK_EVERY_MS) {
    this.#bus = bus
    this.#logger = logger
    this.#timer = setInterval(() => this.#askAll(), askEveryMs).unref()
    this.#lists = bus.subscribe(subjects.reconcile(hostId), ({ value, respond }) => {
      const answer = this.#reconcile(value as ReconcileRequest)
      // What this tick has pushed leaves at its end: the answer that counts it comes after it.
      queueMicrotask(() => respond?.(answer))
    })
    bus.onState(state => {
      if (state === 'connected') this.#doubtAll()
    })
  }

  watch(gatewayId: string, connId: string, route: WatchedRoute): void {
    const gateway = this.#gateways.get(gatewayId) ?? { routes: new Map(), unserved: 0 }
    this.#gateways.set(gatewayId, gateway)
    gateway.routes.set(connId, { ...route, missing: 0 })
  }

  forget(gatewayId: string, connId: string): void {
    const routes = this.#gateways.get(gatewayId)?.routes
    routes?.delete(connId)
    if (routes?.size === 0) this.#gateways.delete(gatewayId)
  }

  /** Whether the gateway has the connection now; one that does not answer has none that anybody should give way to. */
  async holds(gatewayId: string, connId: string): Promise<boolean> {
    const request: HoldsRequest = { connId }
    try {
      return ((await this.#bus.request(subjects.holds(gatewayId), request, ANSWER_MS)) as HoldsAnswer).held
    } catch {
      return false
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#lists.drain()
  }

  #askAll(): void {
    for (const [gatewayId, gateway] of this.#gateways) void this.#ask(gatewayId, gateway)
  }

  async #ask(gatewayId: string, gateway: Gateway): Promise<void> {
    try {
      await this.#bus.request(subjects.gatewayAlive(gatewayId), {}, ANSWER_MS)
      gateway.unserved = 0
    } catch (error) {
      if (!(error instanceof NoResponders) || ++gateway.unserved < DEAD_AFTER) return
      this.#logger.warn({ gatewayId, routes: gateway.routes.size }, 'gateway lost; unbinding its connections')
      for (const { unbind } of gateway.routes.values()) unbind()
    }
  }

  #reconcile({ gatewayId, connIds }: ReconcileRequest): ReconcileAnswer {
    const routes = this.#gateways.get(gatewayId)?.routes ?? new Map<string, Route>()
    const listed = new Set(connIds)
    const unknown: string[] = []
    const pushed: Record<string, PushPlace> = {}
    for (const connId of connIds) {
      const route = routes.get(connId)
      if (route) pushed[connId] = route.place()
      else unknown.push(connId)
    }
    for (const [connId, route] of routes) {
      route.missing = listed.has(connId) ? 0 : route.missing + 1
      if (route.missing < GONE_AFTER) continue
      this.#logger.warn({ gatewayId, connId }, 'the gateway does not have this connection; unbinding it')
      route.unbind()
    }
    return { unknown, pushed }
  }

  #doubtAll(): void {
    for (const [gatewayId, { routes }] of this.#gateways) {
      const notice: DoubtNotice = { connIds: [...routes.keys()] }
      this.#bus.publish(subjects.doubt(gatewayId), notice)
    }
  }
}
