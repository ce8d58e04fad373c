import { randomUUID } from 'node:crypto'
import { type Bus, NoResponders, RequestTimeout } from '../messaging/bus.ts'
import { subjects } from '../messaging/subjects.ts'
import {
  type ActorRuntime,
  type ActorType,
  ActorUnavailable,
  CALL_TIMEOUT_MS,
  type CallOptions,
} from '../runtime/actor-runtime.ts'
import { delay, fullJitter } from '../runtime/backoff.ts'
import { Deadlines } from '../runtime/deadlines.ts'
import { type ActorAnswer, type ActorCall, isActorAnswer, rebuilt } from './actor-call.ts'
import type { DaprActorCaller } from './dapr-actor-caller.ts'
import { Patience } from './patience.ts'

/**
 * How long an active actor's host may take to answer before it is asked again, and then before the call is tried
 * another way, in patiences. The host joins the repeat to the call that runs; where the host has died meanwhile, the
 * repeat learns it at once, while the first request would have waited for nothing.
 */
const BUS_PATIENCES = [1, 3]
const RETRY_BASE_MS = 20
const RETRY_CAP_MS = 500

/** How calls went, since the start. */
export interface CallCounts {
  readonly bus: number
  readonly dapr: number
  /** Tries after the first, of any call. */
  readonly retries: number
}

export interface DaprActorRuntimeParts {
  readonly bus: Bus
  readonly dapr: Pick<DaprActorCaller, 'call'>
}

/**
 * ActorRuntime in the cluster. The bus carries a call to the host where the actor is active. Where nobody answers
 * for it, Dapr places it, has it activated there and carries this one call. Both are tried, with full jitter and the
 * same call id, until one brings an answer or the deadline has passed.
 */
export class DaprActorRuntime implements ActorRuntime {
  readonly #parts: DaprActorRuntimeParts
  readonly #deadlines = new Deadlines()
  readonly #patience = new Patience()
  readonly #caller = randomUUID()
  readonly #counts = { bus: 0, dapr: 0, retries: 0 }
  #calls = 0

  constructor(parts: DaprActorRuntimeParts) {
    this.#parts = parts
  }

  get counts(): CallCounts {
    return this.#counts
  }

  call(
    type: ActorType,
    id: string,
    method: string,
    args: unknown,
    options: CallOptions = {},
  ): Promise<unknown> {
    const deadline = options.deadline ?? Date.now() + CALL_TIMEOUT_MS
    const callId = `${this.#caller}.${++this.#calls}`
    return this.#deadlines.race(
      this.#untilAnswered(type, id, { callId, deadline, method, args }, options.signal),
      deadline,
      () => new ActorUnavailable(type, id),
    )
  }

  async #untilAnswered(
    type: ActorType,
    id: string,
    call: ActorCall,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted()
      let failure: unknown
      try {
        const answer = await this.#try(type, id, call)
        if (answer.ok) return answer.value
        failure = rebuilt(answer.error, type, id)
        if (!answer.error.retryable) throw new Final(failure)
      } catch (error) {
        if (error instanceof Final) throw error.cause
        failure = error
      }
      if (Date.now() >= call.deadline) throw new ActorUnavailable(type, id, { cause: failure })
      this.#counts.retries++
      await delay(fullJitter(attempt, RETRY_BASE_MS, RETRY_CAP_MS))
    }
  }

  /** By the bus; by Dapr where nobody serves the actor, or its host may be frozen. */
  async #try(type: ActorType, id: string, call: ActorCall): Promise<ActorAnswer> {
    const asked = performance.now()
    for (const patiences of BUS_PATIENCES) {
      const timeoutMs = Math.max(1, Math.min(patiences * this.#patience.ms, call.deadline - Date.now()))
      try {
        this.#counts.bus++
        const answer = await this.#parts.bus.request(subjects.actor(type, id), call, timeoutMs)
        if (!isActorAnswer(answer)) throw new Error(`${type} ${id} has answered unreadably`)
        this.#patience.answered(performance.now() - asked)
        return answer
      } catch (error) {
        if (error instanceof NoResponders) break
        if (!(error instanceof RequestTimeout)) throw new Final(error)
      }
    }
    this.#counts.dapr++
    return this.#parts.dapr.call(type, id, call)
  }
}

/** What repeating would not change. */
class Final extends Error {
  constructor(cause: unknown) {
    super('final', { cause })
  }
}
