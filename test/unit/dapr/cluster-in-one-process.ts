import { ActorCallbacks } from '../../../dapr/actor-callbacks.ts'
import { DaprActorCaller } from '../../../dapr/dapr-actor-caller.ts'
import { DaprActorHosting } from '../../../dapr/dapr-actor-hosting.ts'
import { DaprActorRuntime } from '../../../dapr/dapr-actor-runtime.ts'
import { SidecarStatus } from '../../../dapr/sidecar-status.ts'
import type { Bus } from '../../../messaging/bus.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import type { ActorFactory } from '../../../runtime/actor-runtime.ts'
import { type StandInSidecar, silent, startSidecar } from './stand-in-sidecar.ts'

/** A caller and a host with a stand-in for their sidecars between them. */
export interface OneProcess {
  readonly sidecar: StandInSidecar
  readonly bus: Bus
  readonly hosting: DaprActorHosting
  readonly runtime: DaprActorRuntime
  readonly appPort: number
  close(): Promise<void>
}

export async function startOneProcess(
  make: ActorFactory,
  { idleMs = 60_000, bus = new MemoryBus() as Bus, daprTimeoutMs = 200, callsAtOnce = 32 } = {},
): Promise<OneProcess> {
  const { sidecar, client } = await startSidecar(daprTimeoutMs)
  const status = new SidecarStatus(client)
  const caller = new DaprActorCaller(client, callsAtOnce)
  const hosting = new DaprActorHosting({
    hostId: 'host',
    idleMs,
    bus,
    placementConnected: () => status.placementConnected(),
    callByDapr: (type, id, call) => caller.call(type, id, call),
    logger: silent,
  })
  hosting.register('user', make)
  const callbacks = new ActorCallbacks({
    target: hosting,
    appApiToken: 'app-secret',
    isHealthy: () => true,
    logger: silent,
  })
  const appPort = await callbacks.listen(0)
  sidecar.app = { port: appPort, token: 'app-secret' }
  return {
    sidecar,
    bus,
    hosting,
    appPort,
    runtime: new DaprActorRuntime({ bus, dapr: caller }),
    close: async () => {
      await hosting.close()
      await callbacks.close()
      await client.stop()
      await sidecar.stop()
    },
  }
}
