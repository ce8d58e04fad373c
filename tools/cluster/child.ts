import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { waitUntil } from './probe.ts'
import type { ProcessEntry, ProcessSpec } from './process-spec.ts'

const LOG_TAIL_LINES = 15

/** The signals after which a process is expected to be gone. */
export type EndingSignal = 'SIGKILL' | 'SIGTERM' | 'SIGINT'

interface Running {
  readonly process: ChildProcess
  readonly pid: number
  /** Settles once the process is gone, with how it went: `exit code 1`, `SIGKILL`. */
  readonly gone: Promise<string>
}

type State = { kind: 'down' } | ({ kind: 'up' } & Running) | ({ kind: 'stopping' } & Running)

/** What a child tells those who watch over it. */
export interface ChildWatcher {
  started(child: Child, pid: number): void
  /** `wanted` is false when the process went without `stop` having been called. */
  ended(child: Child, pid: number, how: string, wanted: boolean): void
}

/** One process of the cluster, over all its restarts. */
export class Child {
  readonly spec: ProcessSpec
  readonly log: string
  readonly #watcher: ChildWatcher
  #state: State = { kind: 'down' }
  #lastPid = 0

  constructor(spec: ProcessSpec, log: string, watcher: ChildWatcher) {
    this.spec = spec
    this.log = log
    this.#watcher = watcher
  }

  get isDown(): boolean {
    return this.#state.kind === 'down'
  }

  /** As cluster.json lists it; of a process that is down, the pid it had. */
  get entry(): ProcessEntry {
    const { role, name, ports } = this.spec
    return { role, name, pid: this.#lastPid, ports, log: this.log }
  }

  /** Starts it and resolves when it is ready. Rejects, with the end of its log, when it does not get there. */
  async start(freshArgs: readonly string[] = []): Promise<void> {
    const { name, isReady, readyWithinMs } = this.spec
    const { gone } = this.#spawn(freshArgs)
    const over = new AbortController()
    const timer = setTimeout(() => over.abort(`not ready within ${readyWithinMs / 1_000} s`), readyWithinMs)
    void gone.then(how => over.abort(`gone before it was ready (${how})`))
    const ready = await waitUntil(isReady, over.signal)
    clearTimeout(timer)
    if (!ready) throw new Error(`${name}: ${over.signal.reason}\n${this.#logTail()}`)
  }

  /** Asks it to end, and makes it end after `stopWithinMs`. Resolves when it is gone. */
  async stop(): Promise<void> {
    if (this.#state.kind === 'down') return
    const { process, gone } = this.#state
    this.#state = { ...this.#state, kind: 'stopping' }
    process.kill('SIGTERM')
    // A frozen process would keep the signal waiting for ever.
    process.kill('SIGCONT')
    const timer = setTimeout(() => process.kill('SIGKILL'), this.spec.stopWithinMs)
    await gone
    clearTimeout(timer)
  }

  /** Sends the signal and resolves when the process is gone; to its watcher this is a death. */
  async kill(signal: EndingSignal): Promise<void> {
    const { process, gone } = this.#running()
    process.kill(signal)
    await gone
  }

  /** Freezes it: it keeps its sockets and memory and does nothing. */
  pause(): void {
    this.#running().process.kill('SIGSTOP')
  }

  resume(): void {
    this.#running().process.kill('SIGCONT')
  }

  #running(): Running {
    if (this.#state.kind === 'down') throw new Error(`${this.spec.name} is not running`)
    return this.#state
  }

  #spawn(freshArgs: readonly string[]): Running {
    if (this.#state.kind !== 'down') throw new Error(`${this.spec.name} is running already`)
    const { command, args, cwd, env } = this.spec
    const log = openSync(this.log, 'a')
    // A session of its own, so that Ctrl-C reaches the launcher alone and the order of stopping is kept.
    const child = spawn(command, [...args, ...freshArgs], {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    const pid = child.pid ?? 0
    const gone = new Promise<string>(resolve => {
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
      child.once('error', error => resolve(error.message))
    }).then(how => this.#ended(pid, how))
    const running = { process: child, pid, gone }
    this.#state = { kind: 'up', ...running }
    this.#lastPid = pid
    this.#watcher.started(this, pid)
    return running
  }

  #ended(pid: number, how: string): string {
    const wanted = this.#state.kind === 'stopping'
    this.#state = { kind: 'down' }
    this.#watcher.ended(this, pid, how, wanted)
    return how
  }

  #logTail(): string {
    const lines = readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES)
    return [`the end of ${this.log}:`, ...lines].join('\n  ')
  }
}
