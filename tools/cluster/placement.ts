import { answersOk } from './probe.ts'
import type { ProcessSpec } from './process-spec.ts'

export interface PlacementPorts extends Readonly<Record<string, number>> {
  readonly grpc: number
  readonly http: number
  readonly metrics: number
  readonly raft: number
}

export interface PlacementSettings {
  readonly executable: string
  readonly dataDir: string
  readonly env: NodeJS.ProcessEnv
  readonly ports: PlacementPorts
}

/** Dapr's placement service: which host an actor lives on. It keeps nothing on disk. */
export function placementSpec({ executable, dataDir, env, ports }: PlacementSettings): ProcessSpec {
  const { grpc, http, metrics, raft } = ports
  return {
    role: 'placement',
    name: 'placement-1',
    command: executable,
    args: [
      ...['--id', 'placement-1', '--initial-cluster', `placement-1=127.0.0.1:${raft}`],
      ...['--listen-address', '127.0.0.1', '--port', `${grpc}`],
      ...['--healthz-listen-address', '127.0.0.1', '--healthz-port', `${http}`],
      ...['--metrics-listen-address', '127.0.0.1', '--metrics-port', `${metrics}`],
      // A frozen host is evicted after 1.7 s instead of 5.
      ...['--keepalive-time', '1s', '--keepalive-timeout', '1s'],
    ],
    cwd: dataDir,
    env,
    ports,
    isReady: () => answersOk(`http://127.0.0.1:${http}/healthz`),
    readyWithinMs: 30_000,
    stopWithinMs: 5_000,
  }
}
