import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Standalone } from '../../test/support/standalone.ts'
import { startCluster } from '../cluster/cluster.ts'

/** A server started for a measurement, with data of its own that go with it. */
export interface OwnServer {
  readonly urls: readonly string[]
  readonly secret: string
  /** All its processes with their roles: whose CPU counts. */
  readonly processes: readonly { readonly role: string; readonly pid: number }[]
  stop(): Promise<void>
}

/** HOMING_ variables without their prefix. */
export type ServerSettings = Readonly<Record<string, string>>

export async function startStandalone(settings: ServerSettings): Promise<OwnServer> {
  const server = await Standalone.start(settings)
  return {
    urls: [server.url],
    secret: server.secret,
    processes: [{ role: 'standalone', pid: server.pid }],
    stop: () => server.stop(),
  }
}

export async function startOwnCluster(
  settings: ServerSettings,
  report: (line: string) => void,
): Promise<OwnServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'homing-load-'))
  const own = Object.entries(settings).map(([name, value]) => [`HOMING_${name}`, value])
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HOMING_'))
  const removed = () => rm(dataDir, { recursive: true, force: true })
  try {
    const cluster = await startCluster({
      dataDir,
      env: { ...Object.fromEntries(inherited), HOMING_LOG_LEVEL: 'warn', ...Object.fromEntries(own) },
      report,
    })
    return {
      urls: cluster.gateways,
      secret: cluster.jwtSecret,
      processes: cluster.processes,
      stop: async () => {
        await cluster.stop()
        await removed()
      },
    }
  } catch (error) {
    await removed()
    throw error
  }
}
