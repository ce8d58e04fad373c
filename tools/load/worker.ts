import { setTimeout as pause } from 'node:timers/promises'
import { Random } from '../random.ts'
import { Connections } from './connections.ts'
import { Latencies, type Timing } from './latencies.ts'
import { LeanClient } from './lean-client.ts'
import { sourceAddress } from './options.ts'
import { pace } from './pace.ts'
import type { Scenario } from './scenario.ts'
import { makeScenario } from './scenarios.ts'
import { Schedule } from './schedule.ts'
import { addCounts, type Errors, noCounts } from './tally.ts'
import { type Identity, identify } from './tokens.ts'
import type { Progress, Share, WorkerResult } from './worker-messages.ts'

const SETTLED_POLL_MS = 20
const LOGINS_AT_ONCE = 8
const LOGIN_MS = 30_000

/** The clients of one process through a run: `connect`, `run`, `finish`. */
export class Worker {
  readonly #share: Share
  readonly #latencies = new Latencies()
  readonly #counts = noCounts()
  readonly #errors: Errors = {}
  #clients: readonly LeanClient[] = []
  #connections: Connections | undefined
  #scenario: Scenario | undefined
  #turns = 0
  #errorCount = 0
  #cpu = 0

  constructor(share: Share) {
    this.#share = share
  }

  get progress(): Progress {
    return {
      open: this.#connections?.open ?? 0,
      turns: this.#turns,
      unsettled: this.#scenario?.unsettled ?? 0,
      errors: this.#errorCount,
    }
  }

  /** Gets tokens and connects; clients that fail are counted and left out. */
  async connect(): Promise<void> {
    const { options, workers } = this.#share
    const identities = await this.#identities()
    this.#clients = identities.map((identity, i) => this.#client(identity, this.#share.first + i))
    const observer = {
      record: (timing: Timing, ms: number) => this.#latencies.record(timing, ms),
      error: (reason: string) => this.#error(reason),
    }
    this.#scenario = await makeScenario(this.#share, identities, observer)
    this.#connections = new Connections(
      this.#clients,
      {
        rate: options.connectRate / workers,
        atOnce: Math.ceil(options.connecting / workers),
        reconnect: options.reconnect,
      },
      {
        connected: (_, tookMs) => {
          this.#counts.connected++
          this.#latencies.record('connect', tookMs)
        },
        failed: (client, reason) => {
          this.#counts.connectFailed++
          this.#error(reason)
          if (!options.reconnect) this.#scenario?.onGone(client)
        },
        reconnected: client => {
          this.#counts.reconnected++
          this.#scenario?.onReconnected(client)
        },
      },
    )
    await this.#connections.connectAll()
  }

  /** Sends by the schedule from `startAt` (Date.now()) on, then waits for what is still on its way. */
  async run(startAt: number): Promise<void> {
    const { options, worker } = this.#share
    const { warmupSeconds, seconds, drainSeconds, msgIntervalMs, seed } = options
    const start = performance.now() + startAt - Date.now()
    const warmMs = warmupSeconds * 1000
    const endMs = warmMs + seconds * 1000
    const senders = options.mode === 'connect' ? 0 : this.#clients.length
    const schedule = new Schedule(senders, msgIntervalMs, new Random(seed * 1000 + worker))
    const cpu = process.cpuUsage()
    await pace(schedule, { start, endMs }, ({ sender, at }) => {
      const client = this.#clients[sender]
      if (!client) return
      this.#turns++
      this.#scenario?.turn(client, start + at, at >= warmMs)
    })
    const { user, system } = process.cpuUsage(cpu)
    this.#cpu = (user + system) / 1000 / endMs
    const deadline = performance.now() + drainSeconds * 1000
    while ((this.#scenario?.unsettled ?? 0) > 0 && performance.now() < deadline) await pause(SETTLED_POLL_MS)
  }

  finish(): WorkerResult {
    this.#connections?.close()
    addCounts(this.#counts, this.#scenario?.counts() ?? {})
    return {
      counts: this.#counts,
      errors: this.#errors,
      latencies: this.#latencies.encode(),
      cpu: this.#cpu,
    }
  }

  #client(identity: Identity, index: number): LeanClient {
    const { options } = this.#share
    const localAddress = sourceAddress(options, index)
    return new LeanClient(
      index,
      identity,
      { url: this.#urlOf(index), localAddress },
      {
        onFrame: (client, frame) => this.#scenario?.onFrame(client, frame),
        onLost: (client, code) => {
          this.#counts.disconnected++
          this.#error(`close ${code}`)
          if (this.#connections?.lost(client, code) === 'gone') this.#scenario?.onGone(client)
        },
      },
    )
  }

  async #identities(): Promise<Identity[]> {
    const { options, first, count } = this.#share
    const identities = new Array<Identity>(count)
    const signal = AbortSignal.timeout(LOGIN_MS * Math.max(1, count / LOGINS_AT_ONCE))
    let next = 0
    const work = async () => {
      while (next < count) {
        const i = next++
        identities[i] = await identify(options.credentials, this.#urlOf(first + i), first + i, signal)
      }
    }
    await Promise.all(Array.from({ length: LOGINS_AT_ONCE }, work))
    return identities
  }

  /** Neighbours are on different gateways where there are several. */
  #urlOf(index: number): string {
    const { urls } = this.#share.options
    const url = urls[index % urls.length]
    if (url === undefined) throw new Error('no url to connect to')
    return url
  }

  #error(reason: string): void {
    this.#errorCount++
    this.#errors[reason] = (this.#errors[reason] ?? 0) + 1
  }
}
