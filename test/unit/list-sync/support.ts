import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sessions } from '../../../gateway/auth/sessions.ts'
import { Tokens } from '../../../gateway/auth/tokens.ts'
import { createHttpGateway } from '../../../gateway/http/server.ts'
import { addWebsiteRoutes } from '../../../gateway/http/websites.ts'
import { ListSync } from '../../../gateway/list-sync/list-sync.ts'
import { createGatewayMetrics, type GatewayMetrics } from '../../../gateway/metrics.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { readSettings, type Settings } from '../../../runtime/settings.ts'
import { type Database, openSqlite } from '../../../storage/database.ts'
import { SqlSessions } from '../../../storage/sql-sessions.ts'
import { SqlStore } from '../../../storage/sql-store.ts'
import { SqlUsers } from '../../../storage/sql-users.ts'
import { SqlTopics } from '../../../storage/topics/sql-topics.ts'
import type { TopicSource } from '../../../storage/topics/topic-store.ts'
import { ListClient, type ListClientOptions } from '../../e2e/list-sync-client.ts'
import { newUser, signToken, type Target } from '../../support/target.ts'
import { FlakyBus } from './flaky-bus.ts'

const SECRET = 'a secret of at least thirty-two bytes'

export interface ListGatewayOptions {
  readonly environment?: Record<string, string>
  /** How soon a lost broadcast is noticed without another, ms. */
  readonly checkMs?: number
  /** The topics instead of the websites. */
  readonly sources?: (database: Database, topics: SqlTopics) => Promise<readonly TopicSource[]>
}

/** Two gateways' list sync in this process, on one database file and one bus that can fail. */
export class ListGateways implements Target {
  readonly secret = SECRET
  readonly gateways: string[] = []
  readonly bus = new FlakyBus()
  readonly metrics: GatewayMetrics[] = []
  readonly database: Database
  readonly topics: SqlTopics
  readonly #directory: string
  readonly #stops: (() => Promise<void>)[] = []
  readonly #clients: ListClient[] = []

  private constructor(directory: string, database: Database) {
    this.#directory = directory
    this.database = database
    this.topics = new SqlTopics(database)
  }

  static async start({
    environment = {},
    checkMs = 100,
    sources,
  }: ListGatewayOptions = {}): Promise<ListGateways> {
    const directory = await mkdtemp(join(tmpdir(), 'homing-lists-'))
    const path = join(directory, 'homing.db')
    const store = await SqlStore.sqlite(path)
    await store.migrate()
    await store.close()
    const made = new ListGateways(directory, await openSqlite(path))
    const settings = readSettings({ HOMING_ALLOWED_ORIGINS: 'https://console.example', ...environment })
    const list = sources ? await sources(made.database, made.topics) : made.topics.sources
    for (let n = 0; n < 2; n++) await made.#startGateway(settings, list, checkMs)
    return made
  }

  /** Stops one gateway as a process that is asked to would. */
  async stopGateway(index: number): Promise<void> {
    await this.#stops[index]?.()
  }

  async connect(index: number, options?: ListClientOptions): Promise<ListClient> {
    const client = this.open(index, await signToken(this, newUser('viewer')), options)
    await client.until(() => client.greetings > 0, 'no connected')
    return client
  }

  open(index: number, token: string, options?: ListClientOptions): ListClient {
    const client = new ListClient(this.gateways[index] ?? '', token, options)
    this.#clients.push(client)
    return client
  }

  /** A client with the list, at one gateway. */
  async subscribe(index: number, options?: ListClientOptions): Promise<ListClient> {
    const client = await this.connect(index, options)
    await client.request()
    return client
  }

  async create(name: string): Promise<number> {
    const fields = { cname: '', line_group: 'default', https_enabled: false, status: 'active' } as const
    const created = await this.topics.websites.create({ primary_domain: `${name}.example`, ...fields })
    if (!created.ok) throw new Error('taken')
    return created.id
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close()
    for (const stop of this.#stops) await stop()
    await this.database.close()
    await rm(this.#directory, { recursive: true })
  }

  async #startGateway(settings: Settings, sources: readonly TopicSource[], checkMs: number): Promise<void> {
    const logger = makeLogger(process.env.TEST_LOG ?? 'silent', 'test')
    const metrics = createGatewayMetrics({ processMetrics: false })
    const http = createHttpGateway({
      logger,
      allowedOrigins: settings.ALLOWED_ORIGINS,
      registry: metrics.registry,
      checks: [],
    })
    const sessions = new Sessions(await Tokens.create(settings, SECRET), new SqlUsers(this.database))
    addWebsiteRoutes(http.app, { sessions, websites: this.topics.websites })
    const lists = new ListSync(http.server, {
      topics: { outbox: this.topics.outbox, sources },
      sessions,
      versions: new SqlSessions(this.database),
      bus: this.bus,
      metrics,
      settings,
      logger,
      checkMs,
    })
    this.metrics.push(metrics)
    this.gateways.push(`http://127.0.0.1:${await http.listen('127.0.0.1', 0)}`)
    this.#stops.push(async () => {
      await lists.drain()
      await http.close()
    })
  }
}
