import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { moved } from '../../dapr/actor-call.ts'
import { ActorCallbacks, type CallbackTarget } from '../../dapr/actor-callbacks.ts'
import { DaprActorCaller } from '../../dapr/dapr-actor-caller.ts'
import { DaprActorHosting } from '../../dapr/dapr-actor-hosting.ts'
import { DaprActorRuntime } from '../../dapr/dapr-actor-runtime.ts'
import { SidecarClient } from '../../dapr/sidecar-client.ts'
import { SidecarStatus } from '../../dapr/sidecar-status.ts'
import { NatsBus } from '../../messaging/nats-bus.ts'
import { connectNats, type NatsConnection } from '../../messaging/nats-connection.ts'
import type { ActorFactory } from '../../runtime/actor-runtime.ts'
import { makeLogger } from '../../runtime/logger.ts'
import { type Cluster, startCluster } from '../../tools/cluster/cluster.ts'
import type { NatsUser } from '../../tools/cluster/nats.ts'
import { actorRuntimeContract, type RuntimeUnderTest } from '../contract/actor-runtime.ts'
import { eventually } from '../support/eventually.ts'
import { componentsOrSkip } from './actor-cluster.ts'
import { templateWith } from './template.ts'

const IDLE_MS = 200
/** A time-out on a busy machine would have a call run twice, which the port allows and these tests don't expect. */
const DAPR_MS = 5000
const CALLS_AT_ONCE = 128

/** A gateway and a host whose sidecars, placement and NATS are real, and whose actors are the test's. */
class LentCluster implements CallbackTarget {
  readonly types = ['user'] as const
  readonly #folder = mkdtempSync(join(tmpdir(), 'homing-runtime-'))
  readonly #logger = makeLogger('silent', 'test')
  readonly #ended: (() => Promise<unknown> | undefined)[] = []
  #hosting: DaprActorHosting | undefined
  #start: ((factory: ActorFactory) => DaprActorHosting) | undefined
  #runtime: DaprActorRuntime | undefined

  async start(): Promise<void> {
    const callbacks = new ActorCallbacks({
      target: this,
      appApiToken: undefined,
      isHealthy: () => true,
      logger: this.#logger,
    })
    this.#ended.push(() => callbacks.close())
    const cluster = await startCluster({
      dataDir: join(this.#folder, 'data'),
      gateways: 1,
      hosts: 1,
      savers: 1,
      template: templateWith(this.#folder, {
        gateway: 'test/cluster/lent-sidecar.ts',
        host: 'test/cluster/lent-sidecar.ts',
      }),
      env: {
        ...process.env,
        LENT_FOLDER: this.#folder,
        LENT_TO_PORT: String(await callbacks.listen(0)),
      },
    })
    this.#ended.push(() => cluster.stop())
    const [host, gateway] = [this.#sidecarOf('host-1'), this.#sidecarOf('gateway-1')]
    const [hostBus, gatewayBus] = [await this.#bus(cluster, 'host'), await this.#bus(cluster, 'gateway')]
    const status = new SidecarStatus(host)
    await eventually(() => status.ready(), 20_000)
    const fromHost = new DaprActorCaller(host, CALLS_AT_ONCE)
    this.#start = factory => {
      const hosting = new DaprActorHosting({
        hostId: 'host-1',
        idleMs: IDLE_MS,
        bus: hostBus,
        placementConnected: () => status.placementConnected(),
        callByDapr: (type, id, call) => fromHost.call(type, id, call),
        logger: this.#logger,
      })
      hosting.register('user', factory)
      return hosting
    }
    const dapr = new DaprActorCaller(gateway, CALLS_AT_ONCE)
    this.#runtime = new DaprActorRuntime({ bus: gatewayBus, dapr })
  }

  /** Every test has actors of its own on the same processes; no two tests use the same ids. */
  async make(factory: ActorFactory): Promise<RuntimeUnderTest> {
    const [hosting, runtime] = [this.#start?.(factory), this.#runtime]
    if (!hosting || !runtime) throw new Error('the cluster has not started')
    this.#hosting = hosting
    return { runtime, close: () => hosting.close() }
  }

  call: CallbackTarget['call'] = (type, id, call) =>
    this.#hosting?.call(type, id, call) ?? Promise.resolve(moved)

  deactivate: CallbackTarget['deactivate'] = async (type, id) => {
    await this.#hosting?.deactivate(type, id)
  }

  async stop(): Promise<void> {
    for (const end of this.#ended.reverse()) await end()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #sidecarOf(instance: string): SidecarClient {
    const { port, apiToken } = JSON.parse(readFileSync(join(this.#folder, `${instance}.json`), 'utf8'))
    const client = new SidecarClient({ port, apiToken, timeoutMs: DAPR_MS }, this.#logger)
    this.#ended.push(() => client.stop())
    return client
  }

  async #bus(cluster: Cluster, role: NatsUser): Promise<NatsBus> {
    const connection: NatsConnection = await connectNats(
      { servers: cluster.natsUrls, name: role, ...cluster.natsCredentials(role) },
      this.#logger,
    )
    this.#ended.push(() => connection.close())
    return new NatsBus(connection, this.#logger)
  }
}

describe('the port that the cluster calls actors through', function () {
  this.timeout(60_000)
  const lent = new LentCluster()

  before(async function () {
    await componentsOrSkip(this)
    await lent.start()
  })
  after(() => lent.stop())

  actorRuntimeContract('Dapr, placement and NATS', IDLE_MS, factory => lent.make(factory))
})
