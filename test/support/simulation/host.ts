import { hostActors } from '../../../actors/actor-host.ts'
import { DaprActorHosting } from '../../../dapr/dapr-actor-hosting.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import type { SimulatedBus } from './bus.ts'
import { SimulatedLog } from './log.ts'
import { Member, type Surroundings } from './member.ts'
import { SimulatedProcess } from './virtual-time.ts'

const logger = makeLogger('silent', 'test')

/** A process with actors, as the real ones are put together. */
export class SimulatedHost {
  readonly bus: SimulatedBus
  readonly hosting: DaprActorHosting

  constructor(around: Surroundings, hostId: string) {
    const process = new SimulatedProcess(hostId)
    const { bus, hosting } = around.time.as(process, () => {
      const { bus, calls, watermark } = new Member(around, process)
      const hosting = new DaprActorHosting({
        hostId,
        idleMs: around.settings.ACTOR_IDLE_MS,
        bus,
        placementConnected: async () => true,
        callByDapr: (type, id, call) => around.placed(type, id, call),
        logger,
      })
      hostActors({
        runtime: hosting,
        calls,
        bus,
        log: new SimulatedLog(around.stream, bus),
        watermark,
        store: around.database.store,
        audit: { record: () => undefined },
        settings: around.settings,
        logger,
      })
      return { bus, hosting }
    })
    this.bus = bus
    this.hosting = hosting
  }

  /** Nobody is connected to it. */
  crashed(): void {}
}
