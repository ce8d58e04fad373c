import { join, resolve } from 'node:path'

export type Route = (process: string, server: 'nats' | 'database', url: string) => Promise<string>

export interface ClusterOptions {
  /** How many of each; 2 unless said otherwise. */
  readonly gateways?: number
  readonly hosts?: number
  readonly savers?: number
  /** One NATS server, or three that survive the loss of one; 1 unless said otherwise. */
  readonly nats?: 1 | 3
  /** Kept between starts: the database, the log, the secrets. */
  readonly dataDir: string
  /** The first gateway's port, the next gateways' following it; 0, the default, takes free ones. */
  readonly port?: number
  /** Whether processes that die are started again; off by default, so that a drill says when. */
  readonly supervise?: boolean
  /** The multi-app run template to read the applications from; the project's own by default. */
  readonly template?: string
  /** HOMING_* of it reach the Node processes; the launcher's own environment by default. */
  readonly env?: NodeJS.ProcessEnv
  /** Hears, in a line each, what a person may want to know: builds, deaths, restarts. */
  readonly report?: (line: string) => void
  /** Answers the URL by which a Node process shall reach NATS or the database: a drill puts itself in between. */
  readonly route?: Route
  /** Ends a start that is under way; what was started is stopped. */
  readonly signal?: AbortSignal
}

export type ResolvedOptions = Required<Omit<ClusterOptions, 'signal'>>

export function resolveOptions(options: ClusterOptions): ResolvedOptions {
  const resolved = {
    gateways: options.gateways ?? 2,
    hosts: options.hosts ?? 2,
    savers: options.savers ?? 2,
    nats: options.nats ?? 1,
    dataDir: resolve(options.dataDir),
    port: options.port ?? 0,
    supervise: options.supervise ?? false,
    template: resolve(options.template ?? join(import.meta.dirname, '../../dapr/dapr.yaml')),
    env: options.env ?? process.env,
    route: options.route ?? (async (_process, _server, url) => url),
    report: options.report ?? (() => undefined),
  }
  for (const role of ['gateways', 'hosts', 'savers'] as const) {
    const count = resolved[role]
    if (!Number.isInteger(count) || count < 1) throw new Error(`--${role} must be a whole number from 1`)
  }
  return resolved
}
