import type { HistoryWriter } from '../checker/history-writer.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Role } from '../cluster/process-spec.ts'
import type { Links } from './links.ts'
import type { Fault } from './schedule.ts'

/** How much later everything arrives on a slow link, ms. */
const SLOW_MS = 150
const START_WITHIN_MS = 60_000

export interface FaultParts {
  readonly cluster: Cluster
  readonly history: HistoryWriter
  readonly seed: number
  readonly links: Links
  /** Breaks off every client's connection. */
  readonly storm: () => void
}

/** Does faults to a running cluster and heals them. */
export class Faults {
  readonly #parts: FaultParts
  /** Processes that something is being done to: no second fault until it is over. */
  readonly #busy = new Set<string>()
  /** Processes that are there from beginning to end; a host that joins leaves in its own time. */
  readonly #lasting: ReadonlySet<string>
  readonly #running = new Set<Promise<void>>()
  /** Done, by `kind target`. */
  readonly done = new Map<string, number>()
  /** The last one, for whoever wants to know what a recovery followed. */
  last = ''
  failure: unknown

  constructor(parts: FaultParts) {
    this.#parts = parts
    this.#lasting = new Set(parts.cluster.processes.map(({ name }) => name))
  }

  /** Starts a fault; it heals by itself. False when everything it could happen to is busy. */
  start(fault: Fault): boolean {
    const names = this.#victims(fault)
    if (!names) return false
    const what = `${fault.kind} ${fault.target}`
    this.last = what
    this.done.set(what, (this.done.get(what) ?? 0) + 1)
    for (const name of names) this.#busy.add(name)
    this.#note(what, names.join(' '))
    const running = this.#apply(fault, names)
      .catch(error => {
        this.failure ??= error
      })
      .finally(() => {
        for (const name of names) this.#busy.delete(name)
        this.#running.delete(running)
        this.#note(`end of ${what}`, names.join(' '))
      })
    this.#running.add(running)
    return true
  }

  /** Whether something is being done to this process. */
  isAt(process: string): boolean {
    return this.#busy.has(process)
  }

  async healed(): Promise<void> {
    await Promise.all(this.#running)
    if (this.failure !== undefined) throw this.failure
  }

  async #apply({ kind, target, forMs }: Fault, names: readonly string[]): Promise<void> {
    const { cluster, storm } = this.#parts
    switch (kind) {
      case 'kill':
      case 'drain':
        await Promise.all(names.map(name => cluster.kill(name, kind === 'kill' ? 'SIGKILL' : 'SIGTERM')))
        await sleep(forMs)
        await untilDone(async () => {
          if (target === 'pair' && names[0]) await cluster.restartPair(names[0])
          else for (const name of names) await cluster.restart(name)
        })
        break
      case 'freeze':
        for (const name of names) cluster.pause(name)
        await sleep(forMs)
        for (const name of names) cluster.resume(name)
        break
      case 'join': {
        const host = await untilDone(() => cluster.addHost())
        await sleep(forMs)
        await cluster.removeHost(host)
        break
      }
      case 'storm':
        storm()
        break
      case 'cut':
      case 'slow':
      case 'reset':
        await this.#disturb(kind, names, forMs)
        break
      default:
        kind satisfies never
    }
  }

  async #disturb(kind: 'cut' | 'slow' | 'reset', names: readonly string[], forMs: number): Promise<void> {
    const links = names.map(name => this.#parts.links.get(name))
    for (const link of links) {
      if (kind === 'reset') link.reset()
      else link.set(kind === 'cut' ? { kind: 'down' } : { kind: 'slow', delayMs: SLOW_MS })
    }
    await sleep(forMs)
    for (const link of links) link.set({ kind: 'up' })
  }

  #victims({ target, which }: Fault): string[] | undefined {
    switch (target) {
      case 'clients':
        return ['clients']
      case 'hosts':
        return this.#busy.has('hosts') ? undefined : ['hosts']
      case 'pair': {
        const host = this.#pick('host', which, name => this.#busy.has(`daprd-${name}`))
        return host === undefined ? undefined : [host, `daprd-${host}`]
      }
      case 'link': {
        const free = this.#parts.links.names.filter(name => !this.#busy.has(name))
        const name = free[Math.floor(which * free.length)]
        return name === undefined ? undefined : [name]
      }
      default: {
        const name = this.#pick(target, which, () => false)
        return name === undefined ? undefined : [name]
      }
    }
  }

  #pick(role: Role, which: number, isUnfit: (name: string) => boolean): string | undefined {
    const free = this.#parts.cluster.processes
      .filter(process => process.role === role)
      .map(({ name }) => name)
      .filter(name => this.#lasting.has(name) && !this.#busy.has(name) && !isUnfit(name))
    return free[Math.floor(which * free.length)]
  }

  #note(what: string, process: string): void {
    this.#parts.history.write({
      type: 'info',
      f: 'fault',
      proc: 'drill',
      what,
      process,
      seed: this.#parts.seed,
    })
  }
}

const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

/** Starts a process as an orchestrator would: again and again while something that it needs is away. */
async function untilDone<T>(start: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + START_WITHIN_MS
  for (;;) {
    try {
      return await start()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await sleep(500)
    }
  }
}
