import { randomBytes } from 'node:crypto'
import type { ReadinessCheck } from '../gateway/http/health.ts'
import { createProcessMetrics, type Reading } from '../gateway/http/process-metrics.ts'
import { createHttpGateway } from '../gateway/http/server.ts'
import { connectNats, type NatsConnection } from '../messaging/nats-connection.ts'
import { delay, fullJitter } from '../runtime/backoff.ts'
import { type Logger, makeLogger } from '../runtime/logger.ts'
import { OrderlyStop, stopOnSignals } from '../runtime/orderly-stop.ts'
import { readSettings, type Settings, unknownSettings } from '../runtime/settings.ts'
import { SqlStore } from '../storage/sql-store.ts'

const RETRY_BASE_MS = 100
const RETRY_CAP_MS = 2000

/** What every process of the cluster has: see `npm run cluster` for the processes. */
export interface ClusterProcess {
  readonly settings: Settings
  /** The process's name, unique in the cluster, and its start: a restarted process is another one to all others. */
  readonly incarnation: string
  readonly logger: Logger
  /** Stopped on SIGTERM and SIGINT. */
  readonly orderly: OrderlyStop
  readonly nats: NatsConnection
  readonly store: SqlStore
}

/** Starts a process of the cluster; says why in one line when it can't, and exits. */
export async function runProcess(
  role: 'gateway' | 'host' | 'saver',
  start: (process: ClusterProcess) => Promise<void>,
): Promise<void> {
  try {
    await start(await openProcess(role))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  }
}

async function openProcess(role: string): Promise<ClusterProcess> {
  const settings = readSettings(process.env)
  const incarnation = `${settings.INSTANCE ?? role}-${randomBytes(4).toString('hex')}`
  const logger = makeLogger(settings.LOG_LEVEL, incarnation)
  for (const name of unknownSettings(process.env)) logger.warn({ setting: name }, 'no such setting')
  const { DATABASE_URL: databaseUrl, NATS_URL: servers, NATS_USER: user, NATS_PASSWORD: password } = settings
  if (databaseUrl === undefined || servers.length === 0)
    throw new Error(`a ${role} needs HOMING_DATABASE_URL and HOMING_NATS_URL; npm run cluster gives it both`)
  const orderly = new OrderlyStop(logger)
  stopOnSignals(orderly, settings.DRAIN_TIMEOUT_MS)
  const store = await SqlStore.mysql(databaseUrl)
  orderly.add('store', () => store.close())
  const nats = await connectNats(
    {
      servers,
      name: incarnation,
      writePauseMs: settings.NATS_WRITE_PAUSE_MS,
      ...(user && { user }),
      ...(password && { password }),
    },
    logger,
  )
  orderly.add('NATS connection', () => nats.close())
  return { settings, incarnation, logger, orderly, nats, store }
}

/** Tries until the database answers: processes start in any order, also while it is away. */
export async function whenDatabaseAnswers<T>(logger: Logger, ask: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      logger.warn({ err: error }, 'the database does not answer; trying again')
      await delay(fullJitter(attempt, RETRY_BASE_MS, RETRY_CAP_MS))
    }
  }
}

/** What any of them needs to be ready. */
export const commonChecks = ({ nats, store }: ClusterProcess): ReadinessCheck[] => [
  { name: 'database', check: () => store.ping() },
  {
    name: 'nats',
    check: async () => {
      if (!nats.connected) throw new Error('the NATS connection is lost')
    },
  },
]

/** `/healthz`, `/readyz` and `/metrics` of a process without clients, on HOMING_PORT. */
export async function serveHealth(
  { settings, logger, orderly }: ClusterProcess,
  checks: readonly ReadinessCheck[],
  readings: readonly Reading[],
): Promise<void> {
  const http = createHttpGateway({
    logger,
    allowedOrigins: [],
    registry: createProcessMetrics(readings),
    checks,
  })
  const port = await http.listen(settings.HOST, settings.PORT)
  orderly.add('health', () => http.close())
  logger.info({ port }, 'serving')
}
