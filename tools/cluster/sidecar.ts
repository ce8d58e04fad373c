import { z } from 'zod'
import { getJson } from './probe.ts'
import type { ProcessSpec } from './process-spec.ts'
import type { TemplateApp } from './run-template.ts'

export interface SidecarPorts extends Readonly<Record<string, number>> {
  readonly http: number
  readonly grpc: number
  readonly metrics: number
}

/** What a daprd and its application have to know of each other. */
export interface Sidecar {
  readonly ports: SidecarPorts
  /** Where the application serves Dapr's callbacks; a gateway does not. */
  readonly appPort: number | undefined
  /** What the application shows to daprd, and daprd to the application. */
  readonly daprApiToken: string
  readonly appApiToken: string
}

export interface SidecarSettings {
  readonly executable: string
  readonly app: TemplateApp
  readonly sidecar: Sidecar
  /** `host:port` of placement. */
  readonly placement: string
  readonly databaseUrl: string
  readonly freePort: () => Promise<number>
  readonly env: NodeJS.ProcessEnv
}

const metadata = z.object({ actorRuntime: z.object({ hostReady: z.boolean() }) })

/** The daprd beside the Node process `appName`. */
export function sidecarSpec(appName: string, settings: SidecarSettings): ProcessSpec {
  const { executable, app, sidecar, placement, databaseUrl, freePort, env } = settings
  const { ports, appPort, daprApiToken, appApiToken } = sidecar
  const { dsn, schema } = stateStore(databaseUrl)
  return {
    role: 'daprd',
    name: `daprd-${appName}`,
    command: executable,
    args: [
      ...app.daprdArgs,
      ...['--placement-host-address', placement],
      ...(appPort === undefined ? [] : ['--app-port', `${appPort}`]),
      ...['--dapr-http-port', `${ports.http}`, '--dapr-grpc-port', `${ports.grpc}`],
      ...['--dapr-internal-grpc-listen-address', '127.0.0.1'],
      ...['--metrics-listen-address', '127.0.0.1', '--metrics-port', `${ports.metrics}`],
    ],
    // Where other sidecars call it. After a restart on the same port theirs would still hold on to the
    // connection that was refused, and calls to this host fail for another second.
    freshArgs: async () => ['--dapr-internal-grpc-port', `${await freePort()}`],
    cwd: app.folder,
    env: {
      ...env,
      HOMING_DAPR_STATE_DSN: dsn,
      HOMING_DAPR_STATE_SCHEMA: schema,
      DAPR_API_TOKEN: daprApiToken,
      APP_API_TOKEN: appApiToken,
      // The address that other sidecars are told: by default that of the outward interface.
      DAPR_HOST_IP: '127.0.0.1',
    },
    ports,
    isReady: async () => {
      const answer = await getJson(`http://127.0.0.1:${ports.http}/v1.0/metadata`, {
        'dapr-api-token': daprApiToken,
      })
      return metadata.parse(answer).actorRuntime.hostReady
    },
    readyWithinMs: 30_000,
    // daprd itself gives up after 5 s.
    stopWithinMs: 8_000,
  }
}

/** A database URL in the two parts that Dapr's state.mysql takes: it adds the schema to the DSN itself. */
export function stateStore(databaseUrl: string): { dsn: string; schema: string } {
  const url = new URL(databaseUrl)
  const password = decodeURIComponent(url.password)
  // state.mysql cuts the DSN at slashes.
  if (password.includes('/')) {
    throw new Error(
      'the password in HOMING_DATABASE_URL contains a slash, which Dapr’s state.mysql cannot take',
    )
  }
  const credentials = `${decodeURIComponent(url.username)}:${password}`
  return { dsn: `${credentials}@tcp(${url.hostname}:${url.port || '3306'})/`, schema: url.pathname.slice(1) }
}
