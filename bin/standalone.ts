import { randomBytes } from 'node:crypto'
import { hostActors } from '../actors/actor-host.ts'
import { startGateway } from '../gateway/gateway.ts'
import { AuditOutbox } from '../messaging/audit-outbox.ts'
import { MemoryBus } from '../messaging/memory-bus.ts'
import { Watermark } from '../messaging/watermark.ts'
import { InProcessActorRuntime } from '../runtime/in-process-actor-runtime.ts'
import { makeLogger } from '../runtime/logger.ts'
import { OrderlyStop, stopOnSignals } from '../runtime/orderly-stop.ts'
import { readSettings, unknownSettings } from '../runtime/settings.ts'
import { DataDirectory } from '../storage/data-directory.ts'
import { Housekeeping } from '../storage/housekeeping.ts'
import { SqlLog } from '../storage/sql-log.ts'
import { SqlStore } from '../storage/sql-store.ts'

/** The whole server in one process: everything the cluster has, on ports that need no other process. */
async function main(): Promise<void> {
  const settings = readSettings(process.env)
  const incarnation = `${settings.INSTANCE ?? 'standalone'}-${randomBytes(4).toString('hex')}`
  const logger = makeLogger(settings.LOG_LEVEL, incarnation)
  for (const name of unknownSettings(process.env)) logger.warn({ setting: name }, 'no such setting')
  const orderly = new OrderlyStop(logger)
  stopOnSignals(orderly, settings.DRAIN_TIMEOUT_MS)

  const directory = new DataDirectory(settings.DATA_DIR)
  orderly.add('data directory', () => directory.release())
  const store = await SqlStore.sqlite(directory.database)
  await store.migrate()
  orderly.add('store', () => store.close())

  const bus = new MemoryBus()
  const watermark = new Watermark(bus)
  const log = new SqlLog(directory.database, bus, logger, { pauseMs: settings.COMMIT_PAUSE_MS })
  orderly.add('log', () => log.close())
  watermark.advance(log.position)

  const audit = new AuditOutbox({
    write: events => store.audit.add(events),
    limit: settings.AUDIT_WAITING,
    logger,
  })
  orderly.add('audit', () => audit.close())
  const housekeeping = new Housekeeping({ store, auditRetentionMs: settings.AUDIT_RETENTION_MS, logger })
  orderly.add('housekeeping', () => housekeeping.stop())
  housekeeping.start()

  const runtime = new InProcessActorRuntime({ hostId: incarnation, idleMs: settings.ACTOR_IDLE_MS, logger })
  orderly.add(
    'actors’ parts',
    hostActors({ runtime, calls: runtime, bus, log, watermark, store, audit, settings, logger }),
  )
  orderly.add('actors', () => runtime.close())

  const checks = [{ name: 'database', check: () => store.ping() }]
  const gateway = await startGateway({
    gatewayId: incarnation,
    runtime,
    bus,
    watermark,
    store,
    settings,
    logger,
    checks,
  })
  orderly.add('gateway', () => gateway.stop())
  logger.info({ port: gateway.port, dataDir: settings.DATA_DIR }, 'serving')
  process.stdout.write(whatToTry(`http://${settings.HOST}:${gateway.port}`))
}

const whatToTry = (url: string): string => `
Homing serves ${url}

  Open two more terminals here and let them talk:
    npm run chat -- alice --to bob --url ${url}
    npm run chat -- bob --to alice --url ${url}

  ${url}/readyz tells whether it is well, ${url}/metrics how it is doing. Ctrl-C stops it in order.

`

await main().catch(error => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
