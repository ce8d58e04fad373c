import type { ActorType } from '../runtime/actor-runtime.ts'
import { type ActorAnswer, type ActorCall, isActorAnswer } from './actor-call.ts'
import type { SidecarClient } from './sidecar-client.ts'

/** Calls actors through the sidecar, which finds or decides where they live and has them activated. */
export class DaprActorCaller {
  readonly #sidecar: SidecarClient

  constructor(sidecar: SidecarClient) {
    this.#sidecar = sidecar
  }

  /** One try. Rejects unless the actor's host itself has answered; the call may have run all the same. */
  async call(type: ActorType, id: string, call: ActorCall): Promise<ActorAnswer> {
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
