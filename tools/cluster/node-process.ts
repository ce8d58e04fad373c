import { answersOk } from './probe.ts'
import type { ProcessSpec } from './process-spec.ts'
import type { TemplateApp } from './run-template.ts'
import type { Sidecar } from './sidecar.ts'

export interface NodeSettings {
  readonly role: 'gateway' | 'host' | 'saver'
  readonly name: string
  readonly folder: string
  readonly command: TemplateApp['command']
  readonly port: number
  /** Absent for savers, which need no Dapr. */
  readonly sidecar: Sidecar | undefined
  readonly env: NodeJS.ProcessEnv
}

/** A Homing process with the environment that `dapr run` would give it, and its instance's own name and port. */
export function nodeSpec({ role, name, folder, command, port, sidecar, env }: NodeSettings): ProcessSpec {
  const [executable, ...args] = command
  return {
    role,
    name,
    // The template's `node` is whatever the PATH has; the launcher's own is known to be new enough.
    command: executable === 'node' ? process.execPath : executable,
    args,
    cwd: folder,
    env: {
      ...env,
      HOMING_PORT: String(port),
      HOMING_HOST: '127.0.0.1',
      HOMING_INSTANCE: name,
      ...(sidecar && sidecarEnv(role, sidecar)),
    },
    ports: sidecar?.appPort === undefined ? { http: port } : { http: port, app: sidecar.appPort },
    isReady: () => answersOk(`http://127.0.0.1:${port}/readyz`),
    readyWithinMs: 30_000,
    stopWithinMs: 15_000,
  }
}

function sidecarEnv(
  appId: string,
  { ports, appPort, daprApiToken, appApiToken }: Sidecar,
): NodeJS.ProcessEnv {
  return {
    APP_ID: appId,
    ...(appPort !== undefined && { APP_PORT: String(appPort) }),
    APP_PROTOCOL: 'http',
    DAPR_HTTP_PORT: String(ports.http),
    DAPR_GRPC_PORT: String(ports.grpc),
    DAPR_METRICS_PORT: String(ports.metrics),
    DAPR_API_TOKEN: daprApiToken,
    APP_API_TOKEN: appApiToken,
  }
}
