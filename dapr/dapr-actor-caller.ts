import { type ActorType, ActorUnavailable } from '../runtime/actor-runtime.ts'
import { Limit } from '../runtime/limit.ts'
import { type ActorAnswer, type ActorCall, isActorAnswer } from './actor-call.ts'
import type { SidecarClient } from './sidecar-client.ts'

/** A call that has had no answer for so long waits for a host that is lost: others need not wait with it, ms. */
const SLOW_MS = 500
/** While a host is dead and Dapr does not know it yet, it refuses the calls of all its users at once, and again, ms. */
const FAILURE_MS = 250

/**
 * Calls actors through the sidecar, which finds or decides where they live and has them activated. So many calls are
 * under way at once as sidecars take without falling behind; when a host is lost, those of all its users come at once.
 */
export class DaprActorCaller {
  readonly #sidecar: Pick<SidecarClient, 'request'>

  readonly #limit: Limit

  constructor(sidecar: Pick<SidecarClient, 'request'>, atOnce: number) {
    this.#sidecar = sidecar
    this.#limit = new Limit({ atOnce, slowMs: SLOW_MS, failureMs: FAILURE_MS, most: atOnce * 4 })
  }

  /** One try. Rejects unless the actor's host itself has answered; the call may have run all the same. */
  call(type: ActorType, id: string, call: ActorCall): Promise<ActorAnswer> {
    return this.#limit.run(() => this.#call(type, id, call))
  }

  async #call(type: ActorType, id: string, call: ActorCall): Promise<ActorAnswer> {
    // Whoever waited for this call does so no more: it must not begin now.
    if (Date.now() >= call.deadline) throw new ActorUnavailable(type, id)
    const answer = await this.#sidecar.request(
      'PUT',
      `/actors/${type}/${encodeURIComponent(id)}/method/${encodeURIComponent(call.method)}`,
      call,
    )
    // While a host dies daprd may say 200 with an empty body although nothing ran.
    if (!isActorAnswer(answer)) throw new Error(`no answer from ${type} ${id} by way of Dapr`)
    return answer
  }
}
