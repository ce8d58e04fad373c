import { randomUUID } from 'node:crypto'
import { ADOPT } from '../../../dapr/adoption.ts'
import type { SimulatedCluster } from './cluster.ts'
import type { SimulatedDevice } from './device.ts'
import type { SimulatedGateway } from './gateway.ts'
import { SimulatedHost } from './host.ts'
import type { VirtualTime } from './virtual-time.ts'

/** How many `#all` has. */
const KINDS = 9

/** What goes wrong around one user, and how it ends. */
export class Troubles {
  readonly #time: VirtualTime
  readonly #cluster: SimulatedCluster
  readonly #devices: readonly SimulatedDevice[]
  readonly #user: string
  readonly #note: (what: string) => void
  readonly #kinds: readonly number[]

  constructor(cluster: SimulatedCluster, devices: readonly SimulatedDevice[], note: (what: string) => void) {
    this.#time = cluster.time
    this.#cluster = cluster
    this.#devices = devices
    this.#user = cluster.time.pick(devices).user
    this.#note = note
    // A few kinds at a time find what all together would make good again.
    this.#kinds = Array.from({ length: KINDS }, (_, kind) => kind).filter(() => this.#time.chance(0.4))
  }

  begin(): void {
    const { stream, database } = this.#cluster
    stream.loss = this.#time.pick([0, 0.1, 0.3])
    database.failures = this.#time.pick([0, 0.02, 0.1])
    this.#cluster.savesEveryMs = this.#time.pick([20, 300, 3000])
  }

  /** One of this world's kinds. */
  cause(): void {
    const all = this.#all
    const some = all.filter((_, kind) => this.#kinds.includes(kind))
    this.#time.pick(some.length > 0 ? some : all)()
  }

  heal(): void {
    const { stream, database, processes } = this.#cluster
    this.#note('all is well again')
    stream.loss = 0
    database.failures = 0
    this.#cluster.savesEveryMs = 50
    for (const { bus } of processes) {
      this.#time.thaw(bus.process)
      bus.mend()
    }
  }

  /** What may go wrong, with the user's own host and gateway more than with others. */
  get #all(): readonly (() => void)[] {
    const [time, cluster] = [this.#time, this.#cluster]
    const { hosts, gateways } = cluster
    const home = cluster.homeOf('user', this.#user) ?? time.pick(hosts)
    const device = time.pick(this.#devices)
    const gateway = device.gateway ?? time.pick(gateways)
    const anyone = () => time.pick(time.chance(0.7) ? [home, gateway] : [...hosts, ...gateways])
    return [
      () => this.#crash(anyone()),
      () => this.#freeze(anyone()),
      () => this.#freeze(home),
      () => this.#cut(anyone()),
      () => this.#usurp(home),
      () => {
        this.#note(`${home.bus.process.name} gives bob away in order`)
        cluster.unplace(home)
        time.as(home.bus.process, () => void home.hosting.deactivate('user', this.#user))
      },
      () => {
        this.#note(`${device.name} loses its connection`)
        device.leave()
        setTimeout(() => device.isOffline && device.connect(), time.between(10, 4000))
      },
      () => {
        this.#note(`${device.name} connects once more`)
        device.connect()
      },
      () => {
        time.pick([() => this.#freeze(gateway), () => this.#cut(gateway)])()
        this.#usurp(home)
      },
    ]
  }

  #crash(victim: SimulatedHost | SimulatedGateway): void {
    if (victim.bus.process.state === 'dead') return
    this.#note(`${victim.bus.process.name} dies`)
    this.#cluster.crash(victim)
    if (victim instanceof SimulatedHost)
      setTimeout(() => this.#cluster.unplace(victim), this.#time.between(100, 1500))
  }

  #freeze(victim: SimulatedHost | SimulatedGateway): void {
    const { process } = victim.bus
    if (process.state !== 'running') return
    const ms = this.#time.between(100, 6000)
    this.#note(`${process.name} stands still for ${Math.round(ms)} ms`)
    process.state = 'frozen'
    const lose = () => victim instanceof SimulatedHost && this.#cluster.unplace(victim)
    if (this.#time.chance(0.8)) setTimeout(lose, this.#time.between(10, 2000))
    setTimeout(() => this.#time.thaw(process), ms)
  }

  #cut({ bus }: SimulatedHost | SimulatedGateway): void {
    if (bus.state !== 'up') return
    const ms = this.#time.between(1, this.#time.pick([100, 6000]))
    this.#note(`${bus.process.name} is cut off for ${Math.round(ms)} ms`)
    bus.cut(this.#time.between(0, 2000))
    setTimeout(() => bus.mend(), ms)
  }

  /** Bob is activated elsewhere while the one before goes on. */
  #usurp(home: SimulatedHost): void {
    this.#note(`bob is taken from ${home.bus.process.name} without a word`)
    this.#cluster.unplace(home)
    const call = { callId: randomUUID(), deadline: Date.now() + 1500, method: ADOPT, args: null }
    this.#cluster.placed('user', this.#user, call).catch(() => undefined)
  }
}
