import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Context } from 'mocha'
import { findTool } from '../../tools/components.ts'
import { eventually } from './eventually.ts'

/** The nats-server to test with. Without one the calling test is skipped loudly, and on CI it fails. */
export async function natsOrSkip(test: Context): Promise<string> {
  const path = await findTool('nats-server')
  if (path) return path
  const message = 'no nats-server of the pinned version or newer: npm run tools builds it'
  if (process.env.CI === 'true') throw new Error(message)
  process.stderr.write(`\n  SKIPPED: ${message}\n`)
  return test.skip()
}

interface Ports {
  readonly client: number
  readonly route: number
  readonly monitor: number
}

/** One or three private nats-servers, each a process with a store of its own. */
export class NatsServers {
  readonly nodes: readonly NatsServer[]
  readonly #folder: string

  private constructor(nodes: readonly NatsServer[], folder: string) {
    this.nodes = nodes
    this.#folder = folder
  }

  static async start(path: string, count: 1 | 3): Promise<NatsServers> {
    const folder = await mkdtemp(join(tmpdir(), 'homing-nats-'))
    const ports = await freePorts(count)
    const nodes = ports.map(
      (own, i) => new NatsServer(path, join(folder, `n${i + 1}`), `n${i + 1}`, own, ports),
    )
    const servers = new NatsServers(nodes, folder)
    await Promise.all(nodes.map(node => node.start()))
    await Promise.all(nodes.map(node => node.healthy()))
    return servers
  }

  get urls(): string[] {
    return this.nodes.map(node => node.url)
  }

  /** The node that leads the stream now. */
  async leader(stream: string): Promise<NatsServer> {
    return eventually(async () => {
      for (const node of this.nodes) {
        const name = node.running ? await node.leaderOf(stream) : undefined
        const leader = this.nodes.find(other => other.name === name)
        if (leader?.running) return leader
      }
      throw new Error(`no leader of ${stream}`)
    }, 20_000)
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map(node => node.kill()))
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** A nats-server process; it may be killed, frozen and started again over the same store. */
export class NatsServer {
  readonly name: string
  readonly url: string
  readonly #path: string
  readonly #folder: string
  readonly #ports: Ports
  readonly #all: readonly Ports[]
  #process: ChildProcess | undefined

  constructor(path: string, folder: string, name: string, ports: Ports, all: readonly Ports[]) {
    this.#path = path
    this.#folder = folder
    this.name = name
    this.#ports = ports
    this.#all = all
    this.url = `nats://127.0.0.1:${ports.client}`
  }

  get running(): boolean {
    return this.#process !== undefined
  }

  /** 0 when it is not running. */
  get pid(): number {
    return this.#process?.pid ?? 0
  }

  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const config = join(this.#folder, 'nats.conf')
    await writeFile(config, this.#config())
    const log = openSync(join(this.#folder, 'nats.log'), 'a')
    this.#process = spawn(this.#path, ['-c', config], { stdio: ['ignore', log, log] })
    closeSync(log)
    await once(this.#process, 'spawn')
  }

  async healthy(): Promise<void> {
    await eventually(async () => {
      const answer = await fetch(`http://127.0.0.1:${this.#ports.monitor}/healthz`)
      if (!answer.ok) throw new Error(await answer.text())
    }, 20_000)
  }

  /** SIGKILL, as a crash is. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** SIGSTOP; resolves when nothing more is answered. */
  async pause(): Promise<void> {
    const { pid = 0 } = this.#process ?? {}
    this.#process?.kill('SIGSTOP')
    await eventually(async () => {
      const { stdout } = await promisify(execFile)('ps', ['-o', 'state=', '-p', String(pid)])
      if (!stdout.startsWith('T')) throw new Error(`${this.name} is not stopped yet: ${stdout}`)
    })
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  /** How many clients are connected. */
  async connections(): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.#ports.monitor}/connz`)
    return ((await answer.json()) as { num_connections: number }).num_connections
  }

  /** The name of the stream's leader, as this node knows it. */
  async leaderOf(stream: string): Promise<string | undefined> {
    const url = `http://127.0.0.1:${this.#ports.monitor}/jsz?streams=true`
    const answer = (await fetch(url).then(response => response.json())) as JetStreamReport
    const streams = answer.account_details?.flatMap(account => account.stream_detail ?? []) ?? []
    return streams.find(({ name }) => name === stream)?.cluster?.leader
  }

  /** Keeps a copy of the store as it is. Only while the server is not running. */
  async copyStore(name: string): Promise<void> {
    await cp(join(this.#folder, 'store'), join(this.#folder, name), { recursive: true })
  }

  /** Puts a copy in the store's place. Only while the server is not running. */
  async restoreStore(name: string): Promise<void> {
    await rm(join(this.#folder, 'store'), { recursive: true, force: true })
    await cp(join(this.#folder, name), join(this.#folder, 'store'), { recursive: true })
  }

  log(): Promise<string> {
    return readFile(join(this.#folder, 'nats.log'), 'utf8')
  }

  #config(): string {
    const { client, route, monitor } = this.#ports
    const routes = this.#all.map(other => `"nats://127.0.0.1:${other.route}"`).join(', ')
    const cluster = `cluster { name: test, listen: "127.0.0.1:${route}", routes: [${routes}], ping_interval: "1s" }`
    return `
      server_name: ${this.name}
      listen: "127.0.0.1:${client}"
      http: "127.0.0.1:${monitor}"
      max_payload: 4MB
      ping_interval: "1s"
      ping_max: 2
      jetstream { store_dir: "${join(this.#folder, 'store')}" }
      ${this.#all.length > 1 ? cluster : ''}
      accounts {
        HOMING { jetstream: enabled, users: [
          { user: host, password: secret }, { user: gateway, password: secret }, { user: saver, password: secret }
        ] }
        SYS {}
      }
      system_account: SYS
    `
  }
}

interface JetStreamReport {
  account_details?: { stream_detail?: { name: string; cluster?: { leader?: string } }[] }[]
}

async function freePorts(count: number): Promise<Ports[]> {
  // All are held at once, so that none is given twice.
  const held = await Promise.all(Array.from({ length: count * 3 }, holdPort))
  await Promise.all(held.map(({ release }) => release()))
  return Array.from({ length: count }, (_, i) => {
    const [client, route, monitor] = held.slice(i * 3).map(({ port }) => port) as [number, number, number]
    return { client, route, monitor }
  })
}

async function holdPort(): Promise<{ port: number; release: () => Promise<void> }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const release = async () => {
    server.close()
    await once(server, 'close')
  }
  return { port: address.port, release }
}
