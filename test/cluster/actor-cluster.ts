import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context } from 'mocha'
import { delay } from '../../runtime/backoff.ts'
import { type Cluster, startCluster } from '../../tools/cluster/cluster.ts'
import { findTool } from '../../tools/components.ts'
import { eventually } from '../support/eventually.ts'
import type { LoadReport, Sent } from './actor-load.ts'
import { templateWith } from './template.ts'

/** Dapr spreads a change of hosts within a second or two. */
const STILL_MS = 1500
const SETTLED_MS = 40_000

/** A cluster whose one gateway is `actor-caller.ts`. */
export class ActorCluster {
  readonly cluster: Cluster
  readonly #folder: string

  private constructor(cluster: Cluster, folder: string) {
    this.cluster = cluster
    this.#folder = folder
  }

  static async start(test: Context): Promise<ActorCluster> {
    await componentsOrSkip(test)
    const folder = mkdtempSync(join(tmpdir(), 'homing-actors-'))
    const template = templateWith(folder, { gateway: 'test/cluster/actor-caller.ts' })
    const cluster = await startCluster({ dataDir: join(folder, 'data'), gateways: 1, template })
    return new ActorCluster(cluster, folder)
  }

  async stop(): Promise<void> {
    await this.cluster.stop()
    if (process.env.KEEP_LOGS !== '1') rmSync(this.#folder, { recursive: true, force: true })
  }

  ask<T>(command: string, argument: unknown = {}): Promise<T> {
    return ask(`${this.cluster.gateways[0]}/${command}`, argument)
  }

  /**
   * What callers saw from before `happens` until calls flow as before: `calm` of them without a slow one. Said on the
   * way, for whoever wants the figures.
   */
  async during(name: string, calm: number, happens: () => Promise<unknown>): Promise<LoadReport> {
    await this.ask('mark')
    await happens()
    const report = await this.calm(calm)
    const slowest = Math.round(report.slowestMs)
    process.stdout.write(
      `      ${name}: ${report.calls} calls, slowest ${slowest} ms, ${report.slow} slow, ${report.errors.length} errors\n`,
    )
    return report
  }

  calm(calls: number): Promise<LoadReport> {
    return eventually(async () => {
      const report = await this.ask<LoadReport>('report')
      if (report.calm < calls)
        throw new Error(
          `calls do not flow: ${JSON.stringify({ ...report, errors: report.errors.slice(0, 3) })}`,
        )
      return report
    }, 40_000)
  }

  rest(): Promise<Sent> {
    return this.ask('rest')
  }

  /** A figure of a process's /metrics. */
  async metric(process: string, name: string): Promise<number> {
    const port = this.cluster.processes.find(entry => entry.name === process)?.ports.http
    const text = await fetch(`http://127.0.0.1:${port}/metrics`).then(answer => answer.text())
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
  }

  /** Activations over all hosts. */
  async active(): Promise<number> {
    return sum(await this.#activeByHost())
  }

  /** Resolves once `actors` are active, each once, and none has moved for a while. */
  settled(actors: number): Promise<void> {
    return eventually(async () => {
      const before = await this.#activeByHost()
      await delay(STILL_MS)
      const after = await this.#activeByHost()
      if (sum(after) !== actors || String(after) !== String(before))
        throw new Error(`actors move: ${before} and then ${after} on the hosts`)
    }, SETTLED_MS)
  }

  #activeByHost(): Promise<number[]> {
    const hosts = this.cluster.processes.filter(({ role }) => role === 'host')
    return Promise.all(hosts.map(({ name }) => this.metric(name, 'homing_actors')))
  }
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0)

async function ask<T>(url: string, argument: unknown): Promise<T> {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(argument) })
  const value: unknown = await answer.json()
  if (!answer.ok) throw new Error(JSON.stringify(value))
  return value as T
}

/** Without the components the calling test is skipped loudly, and on CI it fails. */
export async function componentsOrSkip(test: Context): Promise<void> {
  const missing: string[] = []
  for (const name of ['daprd', 'placement', 'nats-server'] as const)
    if (!(await findTool(name))) missing.push(name)
  if (missing.length === 0) return
  const message = `no ${missing.join(', ')} of the pinned version or newer: npm run tools builds them`
  if (process.env.CI === 'true') throw new Error(message)
  process.stderr.write(`\n  SKIPPED: ${message}\n`)
  test.skip()
}
