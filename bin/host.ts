import { hostActors } from '../actors/actor-host.ts'
import { ActorCallbacks } from '../dapr/actor-callbacks.ts'
import { DaprActorState } from '../dapr/actor-state.ts'
import { DaprActorCaller } from '../dapr/dapr-actor-caller.ts'
import { DaprActorHosting } from '../dapr/dapr-actor-hosting.ts'
import { DaprActorRuntime } from '../dapr/dapr-actor-runtime.ts'
import { SidecarClient } from '../dapr/sidecar-client.ts'
import { readHostSidecar } from '../dapr/sidecar-settings.ts'
import { SidecarStatus } from '../dapr/sidecar-status.ts'
import { AuditOutbox } from '../messaging/audit-outbox.ts'
import { NatsBus } from '../messaging/nats-bus.ts'
import { NatsLog } from '../messaging/nats-log.ts'
import { Watermark } from '../messaging/watermark.ts'
import {
  type ClusterProcess,
  commonChecks,
  runProcess,
  serveHealth,
  whenDatabaseAnswers,
} from './cluster-process.ts'

/** Cut off from the bus for so long, a host says it is ill, so that Dapr places its actors elsewhere. ms */
const ILL_AFTER_MS = 5000

/** An actor host: runs actors where Dapr places them, and is called over NATS from then on. */
async function host(process: ClusterProcess): Promise<void> {
  const { settings, incarnation, logger, orderly, nats, store } = process
  const { DAPR_HTTP_PORT, DAPR_API_TOKEN, APP_PORT, APP_API_TOKEN } = readHostSidecar(globalThis.process.env)
  const bus = new NatsBus(nats, logger)
  const watermark = new Watermark(bus)
  // Without it nothing would be known as saved until a saver speaks, and a log that went back would not be noticed.
  watermark.advance(await whenDatabaseAnswers(logger, () => store.messages.position()))
  const log = new NatsLog(
    nats,
    watermark,
    { unsavedLimit: settings.UNSAVED_LIMIT, unsavedAgeMs: settings.UNSAVED_AGE_MS },
    logger,
  )
  orderly.add('log', () => log.close())
  await log.ready()
  const audit = new AuditOutbox({ write: log.writeEvents, limit: settings.AUDIT_WAITING, logger })
  orderly.add('audit', () => audit.close())

  const sidecar = new SidecarClient({ port: DAPR_HTTP_PORT, apiToken: DAPR_API_TOKEN }, logger)
  orderly.add('sidecar client', () => sidecar.stop())
  const status = new SidecarStatus(sidecar)
  const caller = new DaprActorCaller(sidecar, settings.DAPR_CALLS_AT_ONCE)
  const hosting = new DaprActorHosting({
    hostId: incarnation,
    idleMs: settings.ACTOR_IDLE_MS,
    bus,
    placementConnected: () => status.placementConnected(),
    callByDapr: (type, id, call) => caller.call(type, id, call),
    state: (type, id) => new DaprActorState(sidecar, type, id, logger),
    logger,
  })
  const calls = new DaprActorRuntime({ bus, dapr: caller })
  orderly.add(
    'actors’ parts',
    hostActors({ runtime: hosting, calls, bus, log, watermark, store, audit, settings, logger }),
  )
  const callbacks = new ActorCallbacks({
    target: hosting,
    appApiToken: APP_API_TOKEN,
    isHealthy: () => hosting.busLostForMs < ILL_AFTER_MS,
    logger,
  })
  await callbacks.listen(APP_PORT)
  orderly.add('callbacks', () => callbacks.close())
  orderly.add('actors', () => hosting.close())

  await serveHealth(
    process,
    [...commonChecks(process), { name: 'dapr', check: () => status.ready() }],
    [
      { name: 'homing_actors', help: 'actors active here', read: () => hosting.active },
      {
        name: 'homing_actor_calls_by_dapr_total',
        help: 'calls that Dapr brought',
        grows: true,
        read: () => hosting.counts.dapr,
      },
      {
        name: 'homing_actor_calls_by_bus_total',
        help: 'calls that the bus brought',
        grows: true,
        read: () => hosting.counts.bus,
      },
      {
        name: 'homing_audit_events_lost_total',
        help: 'audit events that could not be written in time',
        grows: true,
        read: () => audit.lost,
      },
    ],
  )
}

await runProcess('host', host)
