import { randomUUID } from 'node:crypto'
import type { ActorType } from '../runtime/actor-runtime.ts'
import { delay } from '../runtime/backoff.ts'
import type { Logger } from '../runtime/logger.ts'
import type { ActorAnswer, ActorCall } from './actor-call.ts'

/** The method of a call that only wants the actor to be active where Dapr has placed it. */
export const ADOPT = '$adopt'

const LOOK_EVERY_MS = 1000
const AT_ONCE = 16
const ADOPTED_MS = 1500

export interface AdoptionParts {
  readonly placementConnected: () => Promise<boolean>
  readonly callByDapr: (type: ActorType, id: string, call: ActorCall) => Promise<ActorAnswer>
  readonly isActive: (type: ActorType, id: string) => boolean
  readonly logger: Logger
}

/**
 * Tells Dapr of the actors that stayed here while placement was away. It has forgotten them, and what it doesn't know
 * it can't move when hosts come and go. So once placement is back each is called by way of Dapr: that makes it known
 * here, or activates it where it belongs now, which supersedes the one here.
 */
export class Adoption {
  readonly #parts: AdoptionParts
  readonly #waiting = new Map<string, { readonly type: ActorType; readonly id: string }>()
  readonly #closed = new AbortController()
  #running = false

  constructor(parts: AdoptionParts) {
    this.#parts = parts
  }

  add(type: ActorType, id: string): void {
    this.#waiting.set(`${type}/${id}`, { type, id })
    if (this.#running) return
    this.#running = true
    this.#run().catch(() => undefined)
  }

  close(): void {
    this.#closed.abort()
  }

  async #run(): Promise<void> {
    const { logger, placementConnected } = this.#parts
    logger.warn('placement is away; actors stay where they are')
    while (this.#waiting.size > 0) {
      await delay(LOOK_EVERY_MS, this.#closed.signal)
      if (!(await placementConnected())) continue
      logger.info({ actors: this.#waiting.size }, 'placement is back; telling it of the actors that stayed')
      await this.#adoptAll()
    }
    this.#running = false
  }

  /** Those that get no answer wait for the next look. */
  async #adoptAll(): Promise<void> {
    const waiting = [...this.#waiting]
    for (let from = 0; from < waiting.length; from += AT_ONCE) {
      if (this.#closed.signal.aborted) return
      const some = waiting.slice(from, from + AT_ONCE)
      await Promise.all(some.map(([key, { type, id }]) => this.#adopt(key, type, id)))
    }
  }

  async #adopt(key: string, type: ActorType, id: string): Promise<void> {
    try {
      if (this.#parts.isActive(type, id)) {
        const call = { callId: randomUUID(), deadline: Date.now() + ADOPTED_MS, method: ADOPT, args: null }
        await this.#parts.callByDapr(type, id, call)
      }
      this.#waiting.delete(key)
    } catch (error) {
      this.#parts.logger.debug({ err: error, type, id }, 'an actor is not adopted yet')
    }
  }
}
