import type { ActorState, ActorType } from '../runtime/actor-runtime.ts'
import type { Logger } from '../runtime/logger.ts'
import type { SidecarClient } from './sidecar-client.ts'

const KEY = 'snapshot'

/**
 * A snapshot in Dapr's actor state store, kept under the application's id, the actor's type and its id.
 *
 * Dapr takes it only from the sidecar that it has placed the actor on: an actor that was moved away, or lingers
 * while placement is away, leaves none, and its next activation starts from rows and log.
 */
export class DaprActorState implements ActorState {
  readonly #sidecar: SidecarClient
  readonly #path: string
  readonly #logger: Logger

  constructor(sidecar: SidecarClient, type: ActorType, id: string, logger: Logger) {
    this.#sidecar = sidecar
    this.#path = `/actors/${type}/${encodeURIComponent(id)}/state`
    this.#logger = logger
  }

  async load(): Promise<unknown> {
    try {
      const snapshot = await this.#sidecar.request('GET', `${this.#path}/${KEY}`)
      return snapshot === '' ? undefined : snapshot
    } catch (error) {
      this.#logger.debug({ err: error, path: this.#path }, 'no snapshot to be had')
      return undefined
    }
  }

  async save(snapshot: unknown): Promise<void> {
    try {
      await this.#sidecar.request('POST', this.#path, [
        { operation: 'upsert', request: { key: KEY, value: snapshot } },
      ])
    } catch (error) {
      this.#logger.debug({ err: error, path: this.#path }, 'snapshot not saved')
    }
  }
}
