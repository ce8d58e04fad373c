import type { ActorAnswer, ActorCall } from '../../../dapr/actor-call.ts'
import { subjects } from '../../../messaging/subjects.ts'
import type { ActorType } from '../../../runtime/actor-runtime.ts'
import type { Settings } from '../../../runtime/settings.ts'
import { SimulatedBus, SimulatedNetwork } from './bus.ts'
import { SimulatedGateway } from './gateway.ts'
import { SimulatedHost } from './host.ts'
import type { Surroundings } from './member.ts'
import { SimulatedStore } from './store.ts'
import { SimulatedStream } from './stream.ts'
import { SimulatedProcess, type VirtualTime } from './virtual-time.ts'

const PLACED_MS = 2000

/** Hosts and gateways with the parts that the real ones have, on a simulated bus, log, database and placement. */
export class SimulatedCluster implements Surroundings {
  readonly time: VirtualTime
  readonly settings: Settings
  readonly network: SimulatedNetwork
  readonly stream: SimulatedStream
  readonly database: SimulatedStore
  readonly #saver: SimulatedBus
  readonly #homes = new Map<string, SimulatedHost>()
  #made = 0
  hosts: SimulatedHost[] = []
  gateways: SimulatedGateway[] = []
  savesEveryMs = 50

  constructor(time: VirtualTime, settings: Settings) {
    this.time = time
    this.settings = settings
    this.network = new SimulatedNetwork(time)
    this.stream = new SimulatedStream(time)
    this.database = new SimulatedStore(this.stream)
    this.#saver = new SimulatedBus(this.network, new SimulatedProcess('saver'))
    time.as(this.#saver.process, () => this.#save())
  }

  get processes(): readonly (SimulatedHost | SimulatedGateway)[] {
    return [...this.hosts, ...this.gateways]
  }

  addHost(): void {
    this.hosts.push(new SimulatedHost(this, `host-${++this.#made}`))
  }

  addGateway(): void {
    this.gateways.push(new SimulatedGateway(this, `gateway-${++this.#made}`))
  }

  /** It dies without a word, and another one comes in its place. */
  crash(victim: SimulatedHost | SimulatedGateway): void {
    victim.bus.process.state = 'dead'
    victim.crashed()
    this.hosts = this.hosts.filter(host => host !== victim)
    this.gateways = this.gateways.filter(gateway => gateway !== victim)
    if (victim instanceof SimulatedHost) this.addHost()
    else this.addGateway()
  }

  homeOf(type: ActorType, id: string): SimulatedHost | undefined {
    return this.#homes.get(`${type}/${id}`)
  }

  /** Placement takes actors away from a host, which may not hear of it. */
  unplace(host: SimulatedHost): void {
    for (const [name, home] of this.#homes) if (home === host) this.#homes.delete(name)
  }

  /** As Dapr does: where the actor is placed, or else where there is a host that seems to be well. */
  async placed(type: ActorType, id: string, call: ActorCall): Promise<ActorAnswer> {
    const well = this.hosts.filter(({ bus }) => bus.process.state === 'running')
    const home = this.homeOf(type, id) ?? this.time.pick(well.length > 0 ? well : this.hosts)
    this.#homes.set(`${type}/${id}`, home)
    const answer = this.time.ask(home.bus.process, () => home.hosting.call(type, id, call))
    return await new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error('no answer by placement')), PLACED_MS)
      answer.then(resolve, reject)
    })
  }

  #save(): void {
    this.database.position = this.stream.lastSeq
    this.#saver.publish(subjects.watermark, { position: this.database.position })
    setTimeout(() => this.#save(), this.time.between(0, 2 * this.savesEveryMs))
  }
}
