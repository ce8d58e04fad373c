import { NatsBus } from '../messaging/nats-bus.ts'
import { connectNats } from '../messaging/nats-connection.ts'
import { NatsLog } from '../messaging/nats-log.ts'
import { NatsLogReader } from '../messaging/nats-log-reader.ts'
import { NatsStream } from '../messaging/nats-stream.ts'
import { ensureStream } from '../messaging/nats-stream-config.ts'
import { Watermark } from '../messaging/watermark.ts'
import { makeLogger } from '../runtime/logger.ts'
import { NatsServers } from '../test/support/nats-server.ts'
import { findTool } from '../tools/components.ts'

/**
 * Appends by many owners at once, each to a feed that this process follows, so that the live copy is received and
 * decoded too: `node bench/nats-log.ts [1|3]`, the number of NATS nodes and replicas.
 */
const OWNERS = 128
const APPENDS = 100_000

const replicas = process.argv[2] === '3' ? 3 : 1
const path = await findTool('nats-server')
if (!path) throw new Error('no nats-server: npm run tools builds it')
const logger = makeLogger('warn', 'bench')
const servers = await NatsServers.start(path, replicas)
try {
  const options = { servers: servers.urls, user: 'host', password: 'secret', name: 'bench' }
  const connection = await connectNats(options, logger)
  await ensureStream(new NatsStream(connection), { replicas })
  const watermark = new Watermark(new NatsBus(connection, logger))
  const log = new NatsLog(connection, watermark, { unsavedLimit: 10_000_000, unsavedAgeMs: 300_000 }, logger)
  const epochs = await measure('claims', OWNERS, Promise.all(Array.from({ length: OWNERS }, claim)))
  let received = 0
  for (let i = 0; i < OWNERS; i += 1) log.follow(`direct.user${i}`, () => received++)
  await log.flush()
  await measure('appends, warming up', APPENDS / 4, appendAll(APPENDS / 4))
  received = 0
  await measure('appends, live copies received', APPENDS, appendAll(APPENDS))
  report(`${received} live copies had arrived with the last answer`)
  await measure('reads of a feed’s last entry', 20_000, readAll(20_000))
  await measure(
    'flushes',
    20_000,
    inParallel(20_000, () => log.flush()),
  )
  await measure('records read as a saver does', APPENDS, readAsSaver())
  log.close()
  await connection.close()

  async function readAsSaver(): Promise<void> {
    const stop = new AbortController()
    const reader = new NatsLogReader(connection)
    let count = 0
    for await (const { records } of reader.open(1, { maxRecords: 500, maxBytes: 1_000_000 }, stop.signal)) {
      count += records.length
      if (count >= APPENDS) stop.abort()
    }
  }

  function claim(_: unknown, i: number): Promise<number> {
    return log.claim(`owner.user${i}`, { token: `token${i}`, body: { route: i } }, 0)
  }

  function appendAll(count: number): Promise<void> {
    return inParallel(count, async (owner, n) => {
      const fence = { owner: `owner.user${owner}`, epoch: epochs[owner] ?? 0 }
      const to = `user${(owner + 1) % OWNERS}`
      const clientMsgId = `${count}-${n}`
      const from = `user${owner}`
      const body =
        'a message as people write them, of about a hundred characters, more or less: see you at eight?'
      const entry = { kind: 'direct', from, to, clientMsgId, body, msgType: 'TEXT', ts: Date.now() } as const
      await log.append(fence, [{ feed: `direct.${to}`, dedupeId: `${from}:${clientMsgId}`, entry }])
    })
  }

  function readAll(count: number): Promise<void> {
    return inParallel(count, async owner => {
      const last = await log.read(`direct.user${owner}`, APPENDS, 1)
      if (last.length !== 1) throw new Error('nothing was read')
    })
  }
} finally {
  await servers.stop()
}
process.exit(0)

/** `count` runs, as many at a time as there are owners, each owner one. */
async function inParallel(count: number, run: (owner: number, n: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const worker = async (_: unknown, owner: number) => {
    while (next < count) await run(owner, next++)
  }
  await Promise.all(Array.from({ length: OWNERS }, worker))
}

async function measure<T>(what: string, count: number, work: Promise<T>): Promise<T> {
  const started = performance.now()
  const cpu = process.cpuUsage()
  const result = await work
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const each = ((user + system) / count).toFixed(1)
  report(`${what}: ${Math.round(count / seconds)}/s, ${each} µs of this process each`)
  return result
}

function report(line: string): void {
  process.stdout.write(`${line}\n`)
}
