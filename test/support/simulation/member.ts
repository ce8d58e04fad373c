import type { ActorAnswer, ActorCall } from '../../../dapr/actor-call.ts'
import type { DaprActorCaller } from '../../../dapr/dapr-actor-caller.ts'
import { DaprActorRuntime } from '../../../dapr/dapr-actor-runtime.ts'
import { Watermark } from '../../../messaging/watermark.ts'
import type { ActorType } from '../../../runtime/actor-runtime.ts'
import type { Settings } from '../../../runtime/settings.ts'
import { SimulatedBus, type SimulatedNetwork } from './bus.ts'
import type { SimulatedStore } from './store.ts'
import type { SimulatedStream } from './stream.ts'
import type { SimulatedProcess, VirtualTime } from './virtual-time.ts'

/** What is around each process of a cluster. */
export interface Surroundings {
  readonly time: VirtualTime
  readonly settings: Settings
  readonly network: SimulatedNetwork
  readonly stream: SimulatedStream
  readonly database: SimulatedStore
  /** Takes a call to where placement has the actor. */
  placed(type: ActorType, id: string, call: ActorCall): Promise<ActorAnswer>
}

/** What hosts and gateways have in common: a bus, and calls to actors. */
export class Member {
  readonly bus: SimulatedBus
  readonly calls: DaprActorRuntime
  readonly watermark: Watermark

  /** To be made by its own process. */
  constructor(around: Surroundings, process: SimulatedProcess) {
    this.bus = new SimulatedBus(around.network, process)
    this.watermark = new Watermark(this.bus)
    const call: DaprActorCaller['call'] = (type, id, given) => around.placed(type, id, given)
    this.calls = new DaprActorRuntime({ bus: this.bus, dapr: { call } })
  }
}
