import type { ReconcileAnswer, ReconcileRequest } from '../actors/gateway-watch.ts'
import { type Bus, NoResponders } from '../messaging/bus.ts'
import { subjects } from '../messaging/subjects.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Connections } from './connections.ts'

type Reconciled = Pick<Connections, 'hosts' | 'idsOn' | 'doubtAll' | 'compare'>

const EVERY_MS = 30_000
const ANSWER_MS = 2000

/**
 * Tells every host which connections of its users are here. The host drops the routes of those that are not; those
 * that the host does not know are touched, so that their users are found, and those that miss a push are closed, to come
 * back and get it. What went wrong unnoticed thus ends within a minute.
 */
export class Reconciliation {
  readonly #gatewayId: string
  readonly #bus: Bus
  readonly #connections: Reconciled
  readonly #logger: Logger
  readonly #timer: NodeJS.Timeout
  /** Also those that no connection is on any more: they may still have routes to here. */
  readonly #hosts = new Set<string>()

  constructor(gatewayId: string, bus: Bus, connections: Reconciled, logger: Logger, everyMs = EVERY_MS) {
    this.#gatewayId = gatewayId
    this.#bus = bus
    this.#connections = connections
    this.#logger = logger
    this.#timer = setInterval(() => void this.reconcileAll(), everyMs).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async reconcileAll(): Promise<void> {
    for (const hostId of this.#connections.hosts()) this.#hosts.add(hostId)
    await Promise.all([...this.#hosts].map(hostId => this.#reconcile(hostId)))
  }

  async #reconcile(hostId: string): Promise<void> {
    const request: ReconcileRequest = { gatewayId: this.#gatewayId, connIds: this.#connections.idsOn(hostId) }
    try {
      const answer = await this.#bus.request(subjects.reconcile(hostId), request, ANSWER_MS)
      const { unknown: strangers, pushed } = answer as ReconcileAnswer
      this.#connections.compare(pushed)
      const unknown = new Set(strangers)
      if (unknown.size === 0) return
      this.#logger.warn({ hostId, connections: unknown.size }, 'unknown to their host; touching them')
      await this.#connections.doubtAll(({ connId }) => unknown.has(connId))
    } catch (error) {
      // The watch over hosts finds the dead and the frozen.
      if (error instanceof NoResponders) this.#hosts.delete(hostId)
    }
  }
}
