import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cluster, startCluster } from '../../tools/cluster/cluster.ts'
import type { Target } from './target.ts'

export interface ClusterShape {
  readonly gateways?: number
  readonly hosts?: number
  readonly savers?: number
  readonly nats?: 1 | 3
  /** HOMING_ variables without their prefix. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Rates that no test reaches by accident. */
export const unlimited = {
  FRAMES_PER_SECOND: '100000',
  FRAMES_BURST: '100000',
  MESSAGES_PER_SECOND: '100000',
  MESSAGES_BURST: '100000',
} as const

/** A real cluster of processes of its own, in a temporary data directory, on free ports. */
export class ClusterTarget implements Target {
  readonly cluster: Cluster
  readonly #dataDir: string

  private constructor(cluster: Cluster, dataDir: string) {
    this.cluster = cluster
    this.#dataDir = dataDir
  }

  static async start({ settings = {}, ...shape }: ClusterShape = {}): Promise<ClusterTarget> {
    const dataDir = await mkdtemp(join(tmpdir(), 'homing-cluster-'))
    const own = Object.entries({ LOG_LEVEL: 'info', ...settings }).map(([name, value]) => [
      `HOMING_${name}`,
      value,
    ])
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HOMING_'))
    const env = Object.fromEntries([...inherited, ...own])
    return new ClusterTarget(await startCluster({ dataDir, ...shape, env }), dataDir)
  }

  get gateways(): readonly string[] {
    return this.cluster.gateways
  }

  get secret(): string {
    return this.cluster.jwtSecret
  }

  /** Where the processes' logs are. */
  get logs(): string {
    return join(this.#dataDir, 'logs')
  }

  async stop(): Promise<void> {
    await this.cluster.stop()
    await rm(this.#dataDir, { recursive: true, force: true })
  }
}
