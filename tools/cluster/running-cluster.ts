import type { Child, EndingSignal } from './child.ts'
import { ClusterFile } from './cluster-file.ts'
import type { DataFolder } from './data-folder.ts'
import { databaseSpec, prepareDatabase } from './database.ts'
import { Fleet, type Unit } from './fleet.ts'
import { type NatsUser, natsCredentials } from './nats.ts'
import type { ResolvedOptions } from './options.ts'
import type { Plan } from './plan.ts'
import type { ProcessEntry } from './process-spec.ts'
import type { Reaper } from './reaper.ts'
import type { Secrets } from './secrets.ts'
import { Supervisor } from './supervisor.ts'

export interface ClusterParts {
  readonly options: ResolvedOptions
  readonly plan: Plan
  readonly secrets: Secrets
  readonly folder: DataFolder
  readonly reaper: Reaper
}

/** The cluster behind `startCluster`, which describes its methods. */
export class RunningCluster {
  readonly #options: ResolvedOptions
  readonly #plan: Plan
  readonly #secrets: Secrets
  readonly #file: ClusterFile
  readonly #folder: DataFolder
  readonly #reaper: Reaper
  readonly #fleet: Fleet
  readonly #supervisor: Supervisor
  #phase: 'starting' | 'running' | 'stopping' = 'starting'
  #stopped: Promise<void> | undefined
  #hosts: number

  constructor({ options, plan, secrets, folder, reaper }: ClusterParts) {
    this.#options = options
    this.#plan = plan
    this.#secrets = secrets
    this.#hosts = options.hosts
    this.#folder = folder
    this.#reaper = reaper
    this.#file = new ClusterFile(options.dataDir)
    this.#fleet = new Fleet(folder.logs, reaper, {
      started: () => this.#describe(),
      ended: (child, _pid, how, wanted) => this.#ended(child, how, wanted),
    })
    this.#supervisor = new Supervisor(this.#fleet, options.report)
  }

  get gateways(): string[] {
    return this.processes.filter(p => p.role === 'gateway').map(p => `http://127.0.0.1:${p.ports.http}`)
  }

  get processes(): ProcessEntry[] {
    return this.#fleet.processes
  }

  get databaseUrl(): string {
    return this.#plan.databaseUrl
  }

  get natsUrls(): readonly string[] {
    return this.#plan.natsUrls
  }

  get jwtSecret(): string {
    return this.#plan.jwtSecret
  }

  natsCredentials(user: NatsUser): { user: NatsUser; password: string } {
    return natsCredentials(this.#secrets, user)
  }

  /** Everything that needs nothing at once, then the savers, whose migrations make Dapr's tables, then the rest. */
  async start(): Promise<void> {
    const placement = this.#fleet.start(this.#fleet.add(this.#plan.placement))
    const nats = this.#plan.nats.map(spec => this.#fleet.start(this.#fleet.add(spec)))
    await Promise.all([placement, ...nats, this.#startDatabase()])

    const savers = await this.#eachOf(this.#options.savers, async n =>
      this.#fleet.add(await this.#plan.saver(n)),
    )
    await Promise.all(savers.map(unit => this.#fleet.start(unit)))

    const pairs = [
      ...(await this.#eachOf(this.#options.hosts, n => this.#addPair('host', n))),
      ...(await this.#eachOf(this.#options.gateways, n => this.#addPair('gateway', n))),
    ]
    await Promise.all(pairs.map(unit => this.#fleet.start(unit)))

    const dead = this.#fleet.dead
    if (dead.length > 0)
      throw new Error(`${dead.join(', ')} died during the start: see ${this.#options.dataDir}/logs`)
    this.#phase = 'running'
    this.#describe()
  }

  async kill(name: string, signal: EndingSignal = 'SIGKILL'): Promise<void> {
    await this.#fleet.child(name).kill(signal)
  }

  pause(name: string): void {
    this.#fleet.child(name).pause()
  }

  resume(name: string): void {
    this.#fleet.child(name).resume()
  }

  async restart(name: string): Promise<void> {
    const child = this.#fleet.child(name)
    await child.stop()
    await this.#fleet.startChild(child)
  }

  async restartPair(name: string): Promise<void> {
    const unit = this.#fleet.unitOf(this.#fleet.child(name))
    await this.#fleet.stop(unit)
    await this.#fleet.start(unit)
  }

  async addHost(): Promise<string> {
    this.#hosts++
    const unit = await this.#addPair('host', this.#hosts)
    await this.#fleet.start(unit)
    return `host-${this.#hosts}`
  }

  async removeHost(name: string): Promise<void> {
    const child = this.#fleet.child(name)
    if (child.spec.role !== 'host') throw new Error(`${name} is no host`)
    await this.#fleet.remove(this.#fleet.unitOf(child))
    this.#describe()
  }

  stop(): Promise<void> {
    this.#phase = 'stopping'
    this.#supervisor.stop()
    this.#file.remove()
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    await this.#fleet.stopAll()
    this.#reaper.close()
    this.#folder.release()
  }

  async #startDatabase(): Promise<void> {
    const { database } = this.#plan
    if (!database) return
    await prepareDatabase(database)
    await this.#fleet.start(this.#fleet.add(databaseSpec(database)))
  }

  async #addPair(role: 'gateway' | 'host', number: number): Promise<Unit> {
    return this.#fleet.addPair(await this.#plan.pair(role, number))
  }

  /** One after another, so that they are listed in order. */
  async #eachOf(count: number, make: (number: number) => Promise<Unit>): Promise<Unit[]> {
    const units: Unit[] = []
    for (let number = 1; number <= count; number++) units.push(await make(number))
    return units
  }

  #ended(child: Child, how: string, wanted: boolean): void {
    if (wanted || this.#phase !== 'running') return
    if (this.#options.supervise) void this.#supervisor.revive(child, how)
    else this.#options.report(`${child.spec.name} died (${how})`)
  }

  #describe(): void {
    if (this.#phase === 'running') this.#file.write({ gateways: this.gateways, processes: this.processes })
  }
}
