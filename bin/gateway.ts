import { DaprActorCaller } from '../dapr/dapr-actor-caller.ts'
import { DaprActorRuntime } from '../dapr/dapr-actor-runtime.ts'
import { SidecarClient } from '../dapr/sidecar-client.ts'
import { readCallerSidecar } from '../dapr/sidecar-settings.ts'
import { SidecarStatus } from '../dapr/sidecar-status.ts'
import { startGateway } from '../gateway/gateway.ts'
import { NatsBus } from '../messaging/nats-bus.ts'
import { Watermark } from '../messaging/watermark.ts'
import { type ClusterProcess, commonChecks, runProcess } from './cluster-process.ts'

/** A gateway: holds the clients' sockets, and nothing that another gateway could not do as well. */
async function gateway(process: ClusterProcess): Promise<void> {
  const { settings, incarnation, logger, orderly, nats, store } = process
  if (settings.JWT_ALGORITHM === 'HS256' && settings.JWT_SECRET === undefined)
    throw new Error('gateways need one HOMING_JWT_SECRET: a token of one has to be good at all')
  const { DAPR_HTTP_PORT, DAPR_API_TOKEN } = readCallerSidecar(globalThis.process.env)
  const bus = new NatsBus(nats, logger)
  const sidecar = new SidecarClient({ port: DAPR_HTTP_PORT, apiToken: DAPR_API_TOKEN }, logger)
  orderly.add('sidecar client', () => sidecar.stop())
  const status = new SidecarStatus(sidecar)
  const runtime = new DaprActorRuntime({
    bus,
    dapr: new DaprActorCaller(sidecar, settings.DAPR_CALLS_AT_ONCE),
  })
  const started = await startGateway({
    gatewayId: incarnation,
    runtime,
    bus,
    watermark: new Watermark(bus),
    store,
    settings,
    logger,
    checks: [...commonChecks(process), { name: 'dapr', check: () => status.ready() }],
  })
  orderly.add('gateway', () => started.stop())
  logger.info({ port: started.port }, 'serving')
}

await runProcess('gateway', gateway)
