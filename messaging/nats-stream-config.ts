import { delay } from '../runtime/backoff.ts'
import { LogUnavailable } from './message-log.ts'
import { type NatsStream, STREAM, StreamRefusal } from './nats-stream.ts'

export interface StreamSettings {
  readonly replicas: number
  /** A backstop behind the gates and the savers' purges: at this size appends are refused. Default 4 GiB. */
  readonly maxBytes?: number
  /** How long to go on trying while NATS is starting, ms. */
  readonly timeoutMs?: number
}

const NANOS_PER_SECOND = 1_000_000_000
const MAX_AGE_SECONDS = 3 * 24 * 3600
const DEDUPE_SECONDS = 7 * 60
const NAME_IN_USE = 10058
const API_MS = 5_000
const ENSURE_MS = 60_000

/** Creates the stream, or gives an existing one these settings; however many processes do so at once. */
export async function ensureStream(stream: NatsStream, settings: StreamSettings): Promise<void> {
  const payload = JSON.stringify(streamConfig(settings))
  await persist(settings.timeoutMs, async () => {
    try {
      await stream.api('STREAM.CREATE', payload, API_MS)
    } catch (error) {
      if (!(error instanceof StreamRefusal) || error.code !== NAME_IN_USE) throw error
      await stream.api('STREAM.UPDATE', payload, API_MS)
    }
  })
}

/** Resolves once a saver has created the stream. */
export async function waitForStream(stream: NatsStream, timeoutMs?: number): Promise<void> {
  await persist(timeoutMs, () => stream.lastSeq())
}

async function persist(timeoutMs = ENSURE_MS, attempt: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + timeoutMs
  for (;;) {
    try {
      await attempt()
      return
    } catch (error) {
      if (performance.now() > end) throw new LogUnavailable(`no stream: ${error}`, { cause: error })
    }
    await delay(200)
  }
}

const streamConfig = (settings: StreamSettings) => ({
  name: STREAM,
  subjects: ['im.>'],
  retention: 'limits',
  storage: 'file',
  num_replicas: settings.replicas,
  discard: 'new',
  max_bytes: settings.maxBytes ?? 4 * 2 ** 30,
  max_age: MAX_AGE_SECONDS * NANOS_PER_SECOND,
  duplicate_window: DEDUPE_SECONDS * NANOS_PER_SECOND,
  // Claims are kept by `Nats-TTL: never`, whatever their age, and only the last of an owner by rollup.
  allow_msg_ttl: true,
  allow_rollup_hdrs: true,
  allow_direct: true,
  deny_delete: false,
  deny_purge: false,
  republish: { src: 'im.>', dest: 'live.>' },
})
