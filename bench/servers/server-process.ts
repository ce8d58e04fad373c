import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectNats } from '../../messaging/nats-connection.ts'
import { NatsStream } from '../../messaging/nats-stream.ts'
import { ensureStream } from '../../messaging/nats-stream-config.ts'
import { makeLogger } from '../../runtime/logger.ts'
import { NatsServers } from '../../test/support/nats-server.ts'
import { Child } from '../../tools/cluster/child.ts'
import { databaseSpec, databaseUrl, prepareDatabase } from '../../tools/cluster/database.ts'
import { PortPicker } from '../../tools/cluster/ports.ts'
import { findTool } from '../../tools/components.ts'
import { answersRedis } from './redis-probe.ts'

const START_MS = 30_000
const PASSWORD = 'benchmark'

/** A process that serves a subject: its CPU and memory count. */
export interface ServerProcess {
  readonly role: string
  readonly pid: number
}

export interface RunningServer extends ServerProcess {
  readonly url: string
  stop(): Promise<void>
}

/** Starts one of the servers in this folder; it says where it serves. */
export async function startNodeServer(
  file: string,
  role: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const child = spawn(process.execPath, [join(import.meta.dirname, file)], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${file} did not start`)), START_MS)
    child.once('exit', code => reject(new Error(`${file} exited with ${code}`)))
    child.stdout.on('data', (data: Buffer) => {
      const found = /serves (\S+)/.exec(data.toString())?.[1]
      if (found === undefined) return
      clearTimeout(timer)
      resolve(found)
    })
  })
  return { role, url, pid: child.pid ?? 0, stop: () => end(child) }
}

/** A Redis without persistence, as one that only carries messages is run. */
export async function startRedis(): Promise<RunningServer> {
  const port = await new PortPicker().one()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const child = spawn('redis-server', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  await answersRedis(port, START_MS)
  return {
    role: 'redis',
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    stop: () => end(child),
  }
}

/** A NATS server with the log's stream, as a cluster of one has it. */
export async function startNats(): Promise<RunningServer> {
  const path = await findTool('nats-server')
  if (!path) throw new Error('no nats-server: npm run tools builds it')
  const servers = await NatsServers.start(path, 1)
  const [{ url, pid } = { url: '', pid: 0 }] = servers.nodes
  const logger = makeLogger('warn', 'bench')
  const connection = await connectNats(
    { servers: [url], user: 'saver', password: 'secret', name: 'bench' },
    logger,
  )
  await ensureStream(new NatsStream(connection), { replicas: 1 })
  await connection.close()
  return { role: 'nats', url, pid, stop: () => servers.stop() }
}

/** A fresh database server that all subjects share, as a cluster would start it: every commit is flushed. */
export async function startDatabase(): Promise<RunningServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'homing-bench-'))
  const port = await new PortPicker().one()
  const settings = { dataDir, env: process.env, password: PASSWORD, port }
  await prepareDatabase(settings)
  const child = new Child(databaseSpec(settings), join(dataDir, 'database.log'), {
    started: () => undefined,
    ended: () => undefined,
  })
  await child.start()
  return {
    role: 'database',
    url: databaseUrl(settings),
    pid: child.entry.pid,
    stop: async () => {
      await child.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await gone
}
