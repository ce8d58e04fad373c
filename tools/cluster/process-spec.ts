/** The parts of a cluster, by the names that cluster.json uses. */
export type Role = 'gateway' | 'host' | 'saver' | 'daprd' | 'placement' | 'nats' | 'database'

/** All that is needed to start one process, and to start it again on the same ports. */
export interface ProcessSpec {
  readonly role: Role
  /** Unique in the cluster, like `host-1` or `daprd-host-1`; also the log file's name. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Further arguments, made anew for every start. */
  readonly freshArgs?: () => Promise<readonly string[]>
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly ports: Readonly<Record<string, number>>
  /** Whether it serves; asked every 50 ms until it says yes. A rejection counts as no. */
  readonly isReady: () => Promise<boolean>
  readonly readyWithinMs: number
  /** How long SIGTERM may take before SIGKILL follows. */
  readonly stopWithinMs: number
}

/** One process as cluster.json lists it. After a restart the pid differs and all else is the same. */
export interface ProcessEntry {
  readonly role: Role
  readonly name: string
  readonly pid: number
  readonly ports: Readonly<Record<string, number>>
  readonly log: string
}
