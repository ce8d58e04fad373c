import type { Context } from 'mocha'
import { NatsBus } from '../../messaging/nats-bus.ts'
import { connectNats, type NatsConnection } from '../../messaging/nats-connection.ts'
import { NatsLog, type NatsLogOptions } from '../../messaging/nats-log.ts'
import { NatsLogReader } from '../../messaging/nats-log-reader.ts'
import { NatsStream } from '../../messaging/nats-stream.ts'
import { ensureStream } from '../../messaging/nats-stream-config.ts'
import { Watermark } from '../../messaging/watermark.ts'
import type { DirectEntry } from '../../protocol/entries.ts'
import { makeLogger } from '../../runtime/logger.ts'
import { NatsServers, natsOrSkip } from './nats-server.ts'

const logger = makeLogger(process.env.TEST_LOG ?? 'silent', 'test')

/** The parts that a host, or a saver, has on one connection. */
export interface LogProcess {
  readonly connection: NatsConnection
  readonly bus: NatsBus
  readonly watermark: Watermark
  readonly log: NatsLog
  readonly reader: NatsLogReader
}

/** NATS servers with the stream, and processes connected to them. */
export class NatsLogs {
  readonly servers: NatsServers
  readonly #processes: LogProcess[] = []

  private constructor(servers: NatsServers) {
    this.servers = servers
  }

  static async start(test: Context, count: 1 | 3): Promise<NatsLogs> {
    const logs = new NatsLogs(await NatsServers.start(await natsOrSkip(test), count))
    const { connection } = await logs.open()
    await ensureStream(new NatsStream(connection), { replicas: count })
    return logs
  }

  async open(options: Partial<NatsLogOptions> = {}, urls = this.servers.urls): Promise<LogProcess> {
    const process = await openLog(urls, options)
    this.#processes.push(process)
    return process
  }

  /** Ends what was opened; the servers and what is stored stay. */
  async closeAll(): Promise<void> {
    for (const { log, connection } of this.#processes.splice(0)) {
      log.close()
      await connection.close()
    }
  }

  async stop(): Promise<void> {
    await this.closeAll()
    await this.servers.stop()
  }
}

export async function openLog(urls: string[], options: Partial<NatsLogOptions> = {}): Promise<LogProcess> {
  const user = { user: 'host', password: 'secret', name: 'test' }
  const connection = await connectNats({ servers: urls, ...user }, logger)
  const bus = new NatsBus(connection, logger)
  const watermark = new Watermark(bus)
  const gates = { unsavedLimit: 200_000, unsavedAgeMs: 300_000 }
  const log = new NatsLog(connection, watermark, { ...gates, ...options }, logger)
  return { connection, bus, watermark, log, reader: new NatsLogReader(connection) }
}

/** A message that is easy to recognise. */
export function message(from: string, to: string, id: string): DirectEntry {
  return { kind: 'direct', from, to, clientMsgId: id, body: `body of ${id}`, msgType: 'TEXT', ts: 1 }
}

/** The same as an append takes it. */
export const newMessage = (from: string, to: string, id: string) => ({
  feed: `direct.${to}`,
  dedupeId: `${from}:${id}`,
  entry: message(from, to, id),
})

let names = 0
/** A name that no other test of this run uses. */
export const unique = (prefix: string): string => {
  names += 1
  return `${prefix}${names}-${process.pid}`
}
