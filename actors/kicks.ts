import { type Bus, NoResponders } from '../messaging/bus.ts'
import { subjects } from '../messaging/subjects.ts'
import { delay, fullJitter } from '../runtime/backoff.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Eviction } from './user/route.ts'

const ANSWER_MS = 1000
const RETRY_CAP_MS = 5000

/** What a gateway is asked; it answers once the connection neither sends nor receives any more. */
export interface KickRequest {
  readonly connId: string
  readonly reason: Eviction['reason']
}

/**
 * Has evicted connections closed. A kick is repeated until its gateway has answered or nobody serves that gateway:
 * one that is only cut off touches its connections when it is back, and learns it then.
 */
export class Kicks {
  readonly #bus: Bus
  readonly #logger: Logger
  readonly #stop = new AbortController()

  constructor(bus: Bus, logger: Logger) {
    this.#bus = bus
    this.#logger = logger
  }

  kick({ connection, reason }: Eviction): void {
    this.#untilAnswered(connection.gatewayId, { connId: connection.connId, reason }).catch(error => {
      if (!this.#stop.signal.aborted)
        this.#logger.error({ err: error, connId: connection.connId }, 'kick failed')
    })
  }

  close(): void {
    this.#stop.abort(new Error('closing'))
  }

  async #untilAnswered(gatewayId: string, kick: KickRequest): Promise<void> {
    for (let attempt = 0; !this.#stop.signal.aborted; attempt++) {
      try {
        await this.#bus.request(subjects.kick(gatewayId), kick, ANSWER_MS)
        return
      } catch (error) {
        if (error instanceof NoResponders) return
        await delay(fullJitter(attempt, 100, RETRY_CAP_MS), this.#stop.signal)
      }
    }
  }
}
