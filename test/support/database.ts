import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openMysql } from '../../storage/mysql.ts'

const START_TIMEOUT_MS = 30_000

/** A private MariaDB: its own directory, its own port, gone with `stop`. */
export class TestDatabase {
  readonly #directory: string
  readonly #port: number
  #server: ChildProcess | undefined

  private constructor(directory: string, port: number) {
    this.#directory = directory
    this.#port = port
  }

  static async start(): Promise<TestDatabase> {
    const directory = mkdtempSync(join(tmpdir(), 'homing-mariadb-'))
    mkdirSync(join(directory, 'tmp'))
    const installed = spawnSync(
      'mariadb-install-db',
      [
        '--no-defaults',
        `--datadir=${directory}/data`,
        '--auth-root-authentication-method=normal',
        '--skip-test-db',
        '--user=root',
      ],
      { encoding: 'utf8', env: environment(directory) },
    )
    if (installed.status !== 0) throw new Error(`mariadb-install-db failed: ${installed.stderr}`)
    const database = new TestDatabase(directory, await freePort())
    await database.resume()
    return database
  }

  /** The URL of a database on the server, which need not exist yet. */
  url(name: string): string {
    return `mysql://root@127.0.0.1:${this.#port}/${name}`
  }

  /** Runs statements the way an administrator would. */
  async execute(name: string, ...statements: string[]): Promise<void> {
    const database = await openMysql(this.url(name))
    try {
      for (const statement of statements) await database.run(statement)
    } finally {
      await database.close()
    }
  }

  async query<R>(name: string, sql: string): Promise<R[]> {
    const database = await openMysql(this.url(name))
    try {
      return await database.rows<R>(sql)
    } finally {
      await database.close()
    }
  }

  /** The server is there and does not answer, once this has resolved. */
  async pause(): Promise<void> {
    this.#server?.kill('SIGSTOP')
    const state = () =>
      spawnSync('ps', ['-o', 'stat=', '-p', `${this.#server?.pid}`], { encoding: 'utf8' }).stdout
    while (this.#server && !state().startsWith('T')) await pause(10)
  }

  unpause(): void {
    this.#server?.kill('SIGCONT')
  }

  /** Starts the server, also after a `halt`, and waits until it answers. */
  async resume(): Promise<void> {
    const server = spawn(
      executable('mariadbd') ?? 'mariadbd',
      [
        '--no-defaults',
        '--user=root',
        `--datadir=${this.#directory}/data`,
        `--port=${this.#port}`,
        '--bind-address=127.0.0.1',
        `--socket=${this.#directory}/s.sock`,
        '--innodb-buffer-pool-size=64M',
      ],
      { stdio: 'ignore', env: environment(this.#directory) },
    )
    this.#server = server
    const deadline = Date.now() + START_TIMEOUT_MS
    while (!(await answers(this.#port))) {
      if (server.exitCode !== null) throw new Error(`mariadbd ended with ${server.exitCode}`)
      if (Date.now() > deadline) throw new Error('mariadbd did not start in time')
      await pause(50)
    }
  }

  /** Ends the server and keeps its data. */
  async halt(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server || server.exitCode !== null) return
    const ended = once(server, 'exit')
    server.kill(signal)
    await ended
  }

  async stop(): Promise<void> {
    await this.halt('SIGKILL')
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** Whether MariaDB is on this machine. Where CI is set, a machine without it is an error, not a reason to skip. */
export function hasDatabase(): boolean {
  const found = executable('mariadbd') !== undefined
  if (!found && process.env.CI === 'true') throw new Error('mariadbd is not on this machine')
  if (!found) process.stderr.write('SKIPPED: mariadbd is not on this machine\n')
  return found
}

/** Two that are installed at the same time would take away each other's temporary tables. */
const environment = (directory: string) => ({ ...process.env, TMPDIR: join(directory, 'tmp') })

function executable(name: string): string | undefined {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return directories.map(directory => join(directory, name)).find(path => existsSync(path))
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** The server greets whoever connects, but only once it is ready. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await Promise.race([once(socket, 'data'), once(socket, 'close')])
    return socket.bytesRead > 0
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
