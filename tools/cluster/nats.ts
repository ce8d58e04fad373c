import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { answersOk } from './probe.ts'
import type { ProcessSpec } from './process-spec.ts'
import type { Secrets } from './secrets.ts'

/** The NATS users, one a role; deploy/nats/permissions.conf says what each may do. */
export type NatsUser = 'gateway' | 'host' | 'saver'

export interface NatsPorts extends Readonly<Record<string, number>> {
  readonly client: number
  readonly http: number
  readonly route: number
}

export interface NatsSettings {
  readonly dataDir: string
  readonly executable: string
  readonly secrets: Secrets
  /** The ports of every server of the cluster: one, or three. */
  readonly servers: readonly NatsPorts[]
}

const configFolder = join(import.meta.dirname, '../../deploy/nats')

/** The servers as configured by deploy/nats; the values come to them by their environment. */
export function natsSpecs({ dataDir, executable, secrets, servers }: NatsSettings): ProcessSpec[] {
  const config = join(configFolder, servers.length > 1 ? 'nats-cluster.conf' : 'nats.conf')
  const routes = servers.map(s => `"nats://route:${secrets.natsRoutePassword}@127.0.0.1:${s.route}"`)
  return servers.map((ports, i) => {
    const name = `nats-${i + 1}`
    const folder = join(dataDir, name)
    mkdirSync(folder, { recursive: true })
    return {
      role: 'nats',
      name,
      command: executable,
      args: ['-c', config],
      cwd: folder,
      env: {
        NATS_NAME: name,
        NATS_HOST: '127.0.0.1',
        NATS_PORT: String(ports.client),
        NATS_MONITOR_PORT: String(ports.http),
        // Quoted, for NATS reads it as a piece of configuration.
        NATS_STORE_DIR: JSON.stringify(folder),
        NATS_GATEWAY_PASSWORD: secrets.natsGatewayPassword,
        NATS_HOST_PASSWORD: secrets.natsHostPassword,
        NATS_SAVER_PASSWORD: secrets.natsSaverPassword,
        NATS_ROUTE_LISTEN: `127.0.0.1:${ports.route}`,
        NATS_ROUTE_PASSWORD: secrets.natsRoutePassword,
        NATS_ROUTES: `[${routes.join(', ')}]`,
      },
      ports,
      // With three servers this is 200 only once they have a leader.
      isReady: () => answersOk(`http://127.0.0.1:${ports.http}/healthz`),
      readyWithinMs: 30_000,
      stopWithinMs: 10_000,
    }
  })
}

/** What a client of this role connects with. */
export function natsCredentials(secrets: Secrets, user: NatsUser): { user: NatsUser; password: string } {
  const passwords = {
    gateway: secrets.natsGatewayPassword,
    host: secrets.natsHostPassword,
    saver: secrets.natsSaverPassword,
  }
  return { user, password: passwords[user] }
}

export function natsUrls(servers: readonly NatsPorts[]): string[] {
  return servers.map(ports => `nats://127.0.0.1:${ports.client}`)
}
