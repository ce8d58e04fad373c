import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Target } from './target.ts'

const START_MS = 10_000
const ROOT = new URL('../..', import.meta.url).pathname

export interface StandaloneOptions {
  /** A temporary directory by default. */
  readonly dataDir?: string
  /** As in NODE_OPTIONS. */
  readonly nodeOptions?: string
}

/** A standalone server as a process of its own, in a temporary data directory, on a port that stays its own. */
export class Standalone implements Target {
  readonly secret = 'a-secret-only-tests-know-0123456789'
  readonly dataDir: string
  readonly #environment: NodeJS.ProcessEnv
  #process: ChildProcess | undefined
  #port = 0
  /** What it has printed, both streams. */
  output = ''

  private constructor(dataDir: string, environment: NodeJS.ProcessEnv) {
    this.dataDir = dataDir
    this.#environment = environment
  }

  /** `settings`: HOMING_ variables without their prefix; undefined unsets one that tests have otherwise. */
  static async start(
    settings: Record<string, string | undefined> = {},
    { dataDir, nodeOptions }: StandaloneOptions = {},
  ): Promise<Standalone> {
    const own = Object.entries(settings).map(([name, value]) => [`HOMING_${name}`, value])
    const server = new Standalone(dataDir ?? (await mkdtemp(join(tmpdir(), 'homing-test-'))), {
      ...Object.fromEntries(own),
      ...(nodeOptions !== undefined && { NODE_OPTIONS: nodeOptions }),
    })
    await server.restart()
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get gateways(): readonly string[] {
    return [this.url]
  }

  get pid(): number {
    if (this.#process?.pid === undefined) throw new Error('the server is not running')
    return this.#process.pid
  }

  /** Starts it (again) on the same data and port. */
  async restart(): Promise<void> {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HOMING_'))
    const child = spawn(process.execPath, [join(ROOT, 'bin/standalone.ts')], {
      env: {
        ...Object.fromEntries(inherited),
        HOMING_JWT_SECRET: this.secret,
        HOMING_LOG_LEVEL: 'warn',
        HOMING_DATA_DIR: this.dataDir,
        HOMING_PORT: String(this.#port),
        ...this.#environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    this.#port = await new Promise<number>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${why}: ${this.output}`))
      const timer = setTimeout(() => fail('the server did not start'), START_MS)
      let text = ''
      const onData = (data: Buffer) => {
        text += data
        this.output += data
        const port = /serves http:\/\/[^:]+:(\d+)/.exec(text)?.[1]
        if (port === undefined) return
        clearTimeout(timer)
        resolve(Number(port))
      }
      child.stdout.on('data', onData)
      child.stderr.on('data', onData)
      child.once('exit', code => fail(`the server exited with ${code}`))
    })
  }

  /** Ends the process with a signal and waits until it is gone. Answers its exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const gone = once(child, 'exit')
    child.kill(signal)
    const [code] = await gone
    return code as number | null
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM')
    await rm(this.dataDir, { recursive: true, force: true })
  }
}
