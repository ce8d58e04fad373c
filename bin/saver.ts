import { NatsBus } from '../messaging/nats-bus.ts'
import { NatsLogReader } from '../messaging/nats-log-reader.ts'
import { NatsStream } from '../messaging/nats-stream.ts'
import { ensureStream } from '../messaging/nats-stream-config.ts'
import { Saver } from '../storage/saver.ts'
import {
  type ClusterProcess,
  commonChecks,
  runProcess,
  serveHealth,
  whenDatabaseAnswers,
} from './cluster-process.ts'

/** A saver: carries the log into the database. It makes the tables and the stream that all others wait for. */
async function saver(process: ClusterProcess): Promise<void> {
  const { settings, logger, orderly, nats, store } = process
  await whenDatabaseAnswers(logger, () => store.migrate())
  await ensureStream(new NatsStream(nats), { replicas: settings.NATS_REPLICAS })
  const running = new Saver({
    saved: store.savedLog(),
    reader: new NatsLogReader(nats),
    bus: new NatsBus(nats, logger),
    logger,
    retentionMs: settings.LOG_RETENTION_MS,
  })
  orderly.add('saver', () => running.stop())
  // It has said why. Going on would need a person; starting again does no harm.
  running.run().catch(() => globalThis.process.exit(1))
  await serveHealth(process, commonChecks(process), [])
}

await runProcess('saver', saver)
