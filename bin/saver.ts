import { NatsBus } from '../messaging/nats-bus.ts'
import { NatsEventReader } from '../messaging/nats-event-reader.ts'
import { NatsLogReader } from '../messaging/nats-log-reader.ts'
import { NatsStream } from '../messaging/nats-stream.ts'
import { ensureStream } from '../messaging/nats-stream-config.ts'
import { Auditor } from '../storage/auditor.ts'
import { Housekeeping } from '../storage/housekeeping.ts'
import { Saver } from '../storage/saver.ts'
import {
  type ClusterProcess,
  commonChecks,
  runProcess,
  serveHealth,
  whenDatabaseAnswers,
} from './cluster-process.ts'

/** A saver: carries the log into the database, its audit events as well. It makes the tables and the stream that all others wait for. */
async function saver(process: ClusterProcess): Promise<void> {
  const { settings, logger, orderly, nats, store } = process
  await whenDatabaseAnswers(logger, () => store.migrate())
  await ensureStream(new NatsStream(nats), { replicas: settings.NATS_REPLICAS })
  const running = new Saver({
    saved: store.savedLog(),
    reader: new NatsLogReader(nats),
    bus: new NatsBus(nats, logger),
    logger,
    purges: store.purgeSamples('saver', settings.LOG_RETENTION_MS),
  })
  orderly.add('saver', () => running.stop())
  // It has said why. Going on would need a person; starting again does no harm.
  running.run().catch(() => globalThis.process.exit(1))
  const auditor = new Auditor({
    audited: store.auditedLog(),
    reader: new NatsEventReader(nats),
    logger,
    purges: store.purgeSamples('auditor', settings.LOG_RETENTION_MS),
  })
  orderly.add('auditor', () => auditor.stop())
  void auditor.run()
  const housekeeping = new Housekeeping({ store, auditRetentionMs: settings.AUDIT_RETENTION_MS, logger })
  orderly.add('housekeeping', () => housekeeping.stop())
  housekeeping.start()
  await serveHealth(process, commonChecks(process), [])
}

await runProcess('saver', saver)
