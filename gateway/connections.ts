import type { DoubtNotice, HoldsAnswer, HoldsRequest, PushPlace } from '../actors/gateway-watch.ts'
import type { KickRequest } from '../actors/kicks.ts'
import type { Push } from '../actors/pushes.ts'
import type { AttachAnswer, AttachRequest } from '../actors/route-confirmations.ts'
import type { Bus, BusSubscription } from '../messaging/bus.ts'
import { subjects } from '../messaging/subjects.ts'
import type { PresenceStatus } from '../protocol/presence.ts'
import type { Connection } from './connection/connection.ts'

const SWEEP_MS = 500
/** A sweep this late means that the process stood still: others may have given it up. ms */
const STALL_MS = 2000

/** The connections of one gateway, and what actors ask of them over the bus. */
export class Connections {
  readonly #byId = new Map<string, Connection>()
  readonly #subscriptions: readonly BusSubscription[]
  readonly #sweeper: NodeJS.Timeout
  #lastSweep = Date.now()

  constructor(gatewayId: string, bus: Bus) {
    this.#subscriptions = [
      bus.subscribe(subjects.push(gatewayId), ({ value }) => this.#onPushes(value as readonly Push[])),
      bus.subscribe(subjects.kick(gatewayId), ({ value, respond }) =>
        respond?.(this.#onKick(value as KickRequest)),
      ),
      bus.subscribe(subjects.attach(gatewayId), ({ value, respond }) =>
        respond?.(this.#onAttach(value as AttachRequest)),
      ),
      bus.subscribe(subjects.doubt(gatewayId), ({ value }) => this.#onDoubt(value as DoubtNotice)),
      bus.subscribe(subjects.holds(gatewayId), ({ value, respond }) =>
        respond?.(this.#onHolds(value as HoldsRequest)),
      ),
      bus.subscribe(subjects.gatewayAlive(gatewayId), ({ respond }) => respond?.({})),
    ]
    bus.onState(state => {
      if (state === 'connected') void this.doubtAll(() => true)
    })
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref()
  }

  get size(): number {
    return this.#byId.size
  }

  /** Operations that wait for their actors, over all connections. */
  get queuedOps(): number {
    let queued = 0
    for (const connection of this.#byId.values()) queued += connection.queuedOps
    return queued
  }

  /** The hosts that the bound connections' actors were last known on. */
  hosts(): Set<string> {
    const hosts = new Set<string>()
    for (const { hostId } of this.#byId.values()) if (hostId !== undefined) hosts.add(hostId)
    return hosts
  }

  /** The bound connections whose actors were last known on this host. */
  idsOn(hostId: string): string[] {
    return [...this.#byId.values()].flatMap(c => (c.hostId === hostId ? [c.connId] : []))
  }

  add(connection: Connection): void {
    this.#byId.set(connection.connId, connection)
  }

  remove(connection: Connection): void {
    this.#byId.delete(connection.connId)
  }

  /**
   * Has the actors of these connections confirm them. All are closed to traffic at once; how many are touched at once
   * is limited, and one that waits already is touched once.
   */
  async doubtAll(which: (connection: Connection) => boolean): Promise<void> {
    await Promise.all([...this.#byId.values()].filter(which).map(connection => connection.doubt()))
  }

  /** So far their owners have pushed to these. */
  compare(pushed: Readonly<Record<string, PushPlace>>): void {
    for (const [connId, [epoch, n]] of Object.entries(pushed)) this.#byId.get(connId)?.compare(epoch, n)
  }

  /** Finishes what is under way and closes every connection. */
  async drain(): Promise<void> {
    await Promise.all([...this.#byId.values()].map(connection => connection.drain()))
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper)
    for (const subscription of this.#subscriptions) await subscription.drain()
  }

  #onPushes(pushes: readonly Push[]): void {
    for (const { to, event } of pushes) {
      for (const [connId, epoch, n] of to) this.#byId.get(connId)?.push(epoch, n, event)
    }
  }

  #onHolds({ connId }: HoldsRequest): HoldsAnswer {
    return { held: this.#byId.get(connId)?.isOpen ?? false }
  }

  #onKick({ connId, reason }: KickRequest): object {
    this.#byId.get(connId)?.kick(reason)
    return {}
  }

  #onAttach({ connections }: AttachRequest): AttachAnswer {
    const present: string[] = []
    const presence: Record<string, PresenceStatus> = {}
    for (const { connId, ...attached } of connections) {
      const status = this.#byId.get(connId)?.attach(attached)
      if (status !== undefined) present.push(connId)
      if (status !== undefined && status !== 'online') presence[connId] = status
    }
    return { present, presence }
  }

  #onDoubt({ connIds }: DoubtNotice): void {
    for (const connId of connIds) void this.#byId.get(connId)?.doubt()
  }

  #sweep(): void {
    const now = Date.now()
    const stalled = now - this.#lastSweep > SWEEP_MS + STALL_MS
    this.#lastSweep = now
    if (stalled) void this.doubtAll(() => true)
    for (const connection of this.#byId.values()) connection.sweep(now)
  }
}
