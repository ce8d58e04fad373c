import type { ToolPaths } from '../components.ts'
import { type DatabaseSettings, databaseUrl } from './database.ts'
import { type NatsPorts, type NatsUser, natsCredentials, natsSpecs, natsUrls } from './nats.ts'
import { nodeSpec } from './node-process.ts'
import type { ResolvedOptions } from './options.ts'
import { type PlacementPorts, placementSpec } from './placement.ts'
import { PortPicker } from './ports.ts'
import type { ProcessSpec } from './process-spec.ts'
import { readTemplateApp, type TemplateApp } from './run-template.ts'
import { randomSecret, type Secrets } from './secrets.ts'
import { type Sidecar, sidecarSpec } from './sidecar.ts'

/** A Node process and its daprd: they live and die together. */
export interface Pair {
  readonly node: ProcessSpec
  readonly daprd: ProcessSpec
}

interface PlanParts {
  readonly options: ResolvedOptions
  readonly tools: ToolPaths
  readonly secrets: Secrets
  readonly picker: PortPicker
  readonly natsServers: readonly NatsPorts[]
  readonly placementPorts: PlacementPorts
  readonly databasePort: number
}

/** Everything that is settled before the first process starts, and the making of those that are many. */
export class Plan {
  /** Absent when HOMING_DATABASE_URL names a server. */
  readonly database: DatabaseSettings | undefined
  readonly databaseUrl: string
  readonly nats: readonly ProcessSpec[]
  readonly natsUrls: readonly string[]
  readonly placement: ProcessSpec
  /** What tokens are signed with. */
  readonly jwtSecret: string
  readonly #parts: PlanParts
  readonly #componentEnv: NodeJS.ProcessEnv

  private constructor(parts: PlanParts) {
    const { options, tools, secrets, natsServers, placementPorts, databasePort } = parts
    const { dataDir, env } = options
    const componentEnv = withoutHoming(env)
    const own = { dataDir, env: componentEnv, password: secrets.databasePassword, port: databasePort }
    this.#parts = parts
    this.#componentEnv = componentEnv
    this.database = env.HOMING_DATABASE_URL ? undefined : own
    this.databaseUrl = env.HOMING_DATABASE_URL || databaseUrl(own)
    this.nats = natsSpecs({ dataDir, executable: tools['nats-server'], secrets, servers: natsServers })
    this.natsUrls = natsUrls(natsServers)
    this.placement = placementSpec({
      executable: tools.placement,
      dataDir,
      env: componentEnv,
      ports: placementPorts,
    })
    this.jwtSecret = env.HOMING_JWT_SECRET || secrets.jwtSecret
  }

  static async make(options: ResolvedOptions, tools: ToolPaths, secrets: Secrets): Promise<Plan> {
    const picker = new PortPicker()
    const natsServers: NatsPorts[] = []
    for (let i = 0; i < options.nats; i++) natsServers.push(await picker.pick('client', 'http', 'route'))
    const placementPorts = await picker.pick('grpc', 'http', 'metrics', 'raft')
    const databasePort = await picker.one()
    return new Plan({ options, tools, secrets, picker, natsServers, placementPorts, databasePort })
  }

  async saver(number: number): Promise<ProcessSpec> {
    const { options, picker } = this.#parts
    // Savers need no Dapr and are not in the template: they live where the hosts do.
    const { folder } = readTemplateApp(options.template, 'host')
    const name = `saver-${number}`
    return nodeSpec({
      role: 'saver',
      name,
      folder,
      command: ['node', 'bin/saver.ts'],
      port: await picker.one(),
      sidecar: undefined,
      env: await this.#nodeEnv('saver', name, {}),
    })
  }

  async pair(role: 'gateway' | 'host', number: number): Promise<Pair> {
    const { options, tools, picker, placementPorts } = this.#parts
    const app = readTemplateApp(options.template, role)
    const sidecar: Sidecar = {
      ports: await picker.pick('http', 'grpc', 'metrics'),
      appPort: app.hasAppPort ? await picker.one() : undefined,
      daprApiToken: randomSecret(),
      appApiToken: randomSecret(),
    }
    const name = `${role}-${number}`
    return {
      node: nodeSpec({
        role,
        name,
        folder: app.folder,
        command: app.command,
        port: await this.#httpPort(role, number),
        sidecar,
        env: await this.#nodeEnv(role, name, app.env),
      }),
      daprd: sidecarSpec(name, {
        executable: tools.daprd,
        app,
        sidecar,
        placement: `127.0.0.1:${placementPorts.grpc}`,
        databaseUrl: this.databaseUrl,
        freePort: () => picker.one(),
        env: this.#componentEnv,
      }),
    }
  }

  /** Gateways have the ports that were asked for, one after another; everybody else any free one. */
  async #httpPort(role: 'gateway' | 'host', number: number): Promise<number> {
    const { options, picker } = this.#parts
    if (role === 'host' || options.port === 0) return picker.one()
    return picker.claim(options.port + number - 1)
  }

  async #nodeEnv(role: NatsUser, name: string, appEnv: TemplateApp['env']): Promise<NodeJS.ProcessEnv> {
    const { options, secrets } = this.#parts
    const { user, password } = natsCredentials(secrets, role)
    const natsServers: string[] = []
    for (const url of this.natsUrls) natsServers.push(await options.route(name, 'nats', url))
    return {
      ...options.env,
      ...appEnv,
      HOMING_DATABASE_URL: await options.route(name, 'database', this.databaseUrl),
      HOMING_NATS_URL: natsServers.join(','),
      HOMING_NATS_USER: user,
      HOMING_NATS_PASSWORD: password,
      HOMING_NATS_REPLICAS: String(options.nats),
      HOMING_JWT_SECRET: this.jwtSecret,
    }
  }
}

/** The environment of everything that is not Homing's own: its secrets are no business of theirs. */
function withoutHoming(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('HOMING_')))
}
