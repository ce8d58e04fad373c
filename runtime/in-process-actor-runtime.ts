import { Activations } from './activations.ts'
import {
  type ActorFactory,
  type ActorHosting,
  ActorMoved,
  type ActorRuntime,
  type ActorType,
  ActorUnavailable,
  CALL_TIMEOUT_MS,
  type CallOptions,
} from './actor-runtime.ts'
import { Deadlines } from './deadlines.ts'
import type { Logger } from './logger.ts'

/** ActorRuntime in one process: standalone's. */
export class InProcessActorRuntime implements ActorRuntime, ActorHosting {
  readonly hostId: string
  readonly #activations: Activations
  readonly #deadlines = new Deadlines()

  constructor(options: { hostId: string; idleMs: number; logger: Logger }) {
    this.hostId = options.hostId
    this.#activations = new Activations(options)
  }

  register(type: ActorType, make: ActorFactory): void {
    this.#activations.register(type, make)
  }

  get active(): number {
    return this.#activations.size
  }

  call(
    type: ActorType,
    id: string,
    method: string,
    args: unknown,
    options: CallOptions = {},
  ): Promise<unknown> {
    const deadline = options.deadline ?? Date.now() + CALL_TIMEOUT_MS
    return this.#deadlines.race(
      this.#untilAnswered(type, id, method, args, { ...options, deadline }),
      deadline,
      () => new ActorUnavailable(type, id),
    )
  }

  close(): Promise<void> {
    return this.#activations.close()
  }

  async #untilAnswered(
    type: ActorType,
    id: string,
    method: string,
    args: unknown,
    { deadline, signal }: CallOptions & { readonly deadline: number },
  ): Promise<unknown> {
    for (;;) {
      signal?.throwIfAborted()
      try {
        return await this.#activations.invoke(type, id, method, args, deadline)
      } catch (error) {
        if (!(error instanceof ActorMoved) || Date.now() >= deadline) throw error
        await new Promise(resolve => setImmediate(resolve))
      }
    }
  }
}
