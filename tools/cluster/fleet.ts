import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Child, type ChildWatcher } from './child.ts'
import type { Pair } from './plan.ts'
import type { ProcessEntry, ProcessSpec } from './process-spec.ts'
import type { Reaper } from './reaper.ts'

/** What lives and dies together: a Node process with its daprd, or a process alone. In the order to stop them. */
export type Unit = readonly [Child] | readonly [daprd: Child, node: Child]

/** All processes of a cluster, running or not, and the order in which they go. */
export class Fleet {
  readonly #logs: string
  readonly #reaper: Reaper
  readonly #watcher: ChildWatcher
  readonly #units: Unit[] = []
  #closed = false

  constructor(logs: string, reaper: Reaper, watcher: ChildWatcher) {
    this.#logs = logs
    this.#reaper = reaper
    this.#watcher = watcher
  }

  get processes(): ProcessEntry[] {
    return this.#units.flat().map(child => child.entry)
  }

  /** The names of those that do not run. */
  get dead(): string[] {
    return this.#units.flat().flatMap(child => (child.isDown ? [child.spec.name] : []))
  }

  add(spec: ProcessSpec): Unit {
    return this.#add([this.#child(spec)])
  }

  addPair({ node, daprd }: Pair): Unit {
    return this.#add([this.#child(daprd), this.#child(node)])
  }

  /** The child with this name; throws when there is none. */
  child(name: string): Child {
    const child = this.#units.flat().find(c => c.spec.name === name)
    if (!child) throw new Error(`no process is called ${name}`)
    return child
  }

  unitOf(child: Child): Unit {
    const unit = this.#units.find(u => u.some(c => c === child))
    if (!unit) throw new Error(`${child.spec.name} is not part of the cluster`)
    return unit
  }

  /** Starts those of the unit that are down, at the same time; resolves when all are ready. */
  async start(unit: Unit): Promise<void> {
    await Promise.all(unit.filter(child => child.isDown).map(child => this.startChild(child)))
  }

  async startChild(child: Child): Promise<void> {
    const freshArgs = await child.spec.freshArgs?.()
    if (this.#closed) throw new Error(`the cluster is being stopped: ${child.spec.name} stays down`)
    await child.start(freshArgs)
  }

  /** daprd first: it hands its actors over while the Node process still answers. */
  async stop(unit: Unit): Promise<void> {
    for (const child of unit) await child.stop()
  }

  /** Stops the unit and forgets it. */
  async remove(unit: Unit): Promise<void> {
    await this.stop(unit)
    this.#units.splice(this.#units.indexOf(unit), 1)
  }

  /** Stops everything, each before what it depends on; nothing starts any more. */
  async stopAll(): Promise<void> {
    this.#closed = true
    for (const roles of [['gateway'], ['host'], ['saver'], ['nats', 'placement'], ['database']]) {
      const units = this.#units.filter(unit => unit.some(child => roles.includes(child.spec.role)))
      await Promise.all(units.map(unit => this.stop(unit)))
    }
  }

  #add(unit: Unit): Unit {
    this.#units.push(unit)
    return unit
  }

  #child(spec: ProcessSpec): Child {
    const log = join(this.#logs, `${spec.name}.log`)
    rmSync(log, { force: true })
    return new Child(spec, log, {
      started: (child, pid) => {
        this.#reaper.watch(pid)
        this.#watcher.started(child, pid)
      },
      ended: (child, pid, how, wanted) => {
        this.#reaper.forget(pid)
        this.#watcher.ended(child, pid, how, wanted)
      },
    })
  }
}
