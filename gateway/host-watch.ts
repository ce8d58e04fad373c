import { type Bus, NoResponders } from '../messaging/bus.ts'
import { subjects } from '../messaging/subjects.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Connections } from './connections.ts'

const ASK_EVERY_MS = 1000
const ANSWER_MS = 1000
/** Unanswered in a row: the host is frozen. */
const FROZEN_AFTER = 2

/**
 * Asks the hosts of this gateway's connections for a sign of life every second. The users of a dead one (nobody
 * serves it) or a frozen one (no answer in time) are found again by touching their connections.
 */
export class HostWatch {
  readonly #bus: Bus
  readonly #connections: Connections
  readonly #logger: Logger
  readonly #timer: NodeJS.Timeout
  readonly #unanswered = new Map<string, number>()

  constructor(bus: Bus, connections: Connections, logger: Logger) {
    this.#bus = bus
    this.#connections = connections
    this.#logger = logger
    this.#timer = setInterval(() => this.#askAll(), ASK_EVERY_MS).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #askAll(): void {
    for (const hostId of this.#connections.hosts()) void this.#ask(hostId)
  }

  async #ask(hostId: string): Promise<void> {
    try {
      await this.#bus.request(subjects.hostAlive(hostId), {}, ANSWER_MS)
      this.#unanswered.delete(hostId)
    } catch (error) {
      const unanswered = (this.#unanswered.get(hostId) ?? 0) + 1
      this.#unanswered.set(hostId, unanswered)
      if (!(error instanceof NoResponders) && unanswered < FROZEN_AFTER) return
      this.#unanswered.delete(hostId)
      this.#logger.warn(
        { hostId, dead: error instanceof NoResponders },
        'host lost; touching its connections',
      )
      await this.#connections.doubtAll(connection => connection.hostId === hostId)
    }
  }
}
