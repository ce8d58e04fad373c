import { provideTools } from '../components.ts'
import type { EndingSignal } from './child.ts'
import { clusterFilePath } from './cluster-file.ts'
import { lockDataFolder } from './data-folder.ts'
import type { NatsUser } from './nats.ts'
import { type ClusterOptions, resolveOptions } from './options.ts'
import { Plan } from './plan.ts'
import type { ProcessEntry } from './process-spec.ts'
import { Reaper } from './reaper.ts'
import { RunningCluster } from './running-cluster.ts'
import { loadSecrets } from './secrets.ts'

/** A running cluster. Methods that take a process's name reject when there is none of that name. */
export interface Cluster {
  /** The gateways' URLs, gateway-1 first. */
  readonly gateways: readonly string[]
  /** All processes; of one that is down, the pid it had. */
  readonly processes: readonly ProcessEntry[]
  readonly databaseUrl: string
  readonly natsUrls: readonly string[]
  /** What tokens are signed with. */
  readonly jwtSecret: string
  natsCredentials(user: NatsUser): { user: NatsUser; password: string }
  /** Resolves when the process is gone. To a supervised cluster this is a death like any other. */
  kill(name: string, signal?: EndingSignal): Promise<void>
  /** Freezes a process (SIGSTOP). */
  pause(name: string): void
  resume(name: string): void
  /** Stops it if it runs, and starts it with the same command on the same ports; resolves when it is ready. */
  restart(name: string): Promise<void>
  /** The same for a Node process and its daprd together, whichever of the two is named. */
  restartPair(name: string): Promise<void>
  /** Resolves with the new host's name when it is ready. */
  addHost(): Promise<string>
  /** Lets a host go in good order: its actors move while it still answers. */
  removeHost(name: string): Promise<void>
  /** Stops all that was started and removes cluster.json; may be called again. */
  stop(): Promise<void>
}

/**
 * Starts a cluster and resolves when every process is ready and cluster.json is written. When that
 * fails, everything is stopped again before it rejects.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const resolved = resolveOptions(options)
  const tools = await provideTools(resolved.report)
  const reaper = new Reaper(clusterFilePath(resolved.dataDir))
  try {
    const folder = await lockDataFolder(resolved.dataDir, reaper.pid)
    try {
      const secrets = loadSecrets(resolved.dataDir)
      const plan = await Plan.make(resolved, tools, secrets)
      const running = new RunningCluster({ options: resolved, plan, secrets, folder, reaper })
      await startOrStop(running, options.signal)
      return running
    } catch (error) {
      folder.release()
      throw error
    }
  } catch (error) {
    reaper.close()
    throw error
  }
}

async function startOrStop(cluster: RunningCluster, signal: AbortSignal | undefined): Promise<void> {
  const stop = () => void cluster.stop()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    signal?.throwIfAborted()
    await cluster.start()
  } catch (error) {
    await cluster.stop()
    // Whatever failed, failed because everything was being stopped.
    throw signal?.aborted ? signal.reason : error
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}
