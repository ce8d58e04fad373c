import { expect } from 'chai'
import type { Context } from 'mocha'
import type { LogRecord } from '../../messaging/log-reader.ts'
import {
  type Appended,
  type Fence,
  type LogEntry,
  LogUnavailable,
  type NewEntry,
} from '../../messaging/message-log.ts'
import { NatsBus } from '../../messaging/nats-bus.ts'
import { connectNats, type NatsConnection } from '../../messaging/nats-connection.ts'
import { NatsLog, type NatsLogOptions } from '../../messaging/nats-log.ts'
import { NatsLogReader } from '../../messaging/nats-log-reader.ts'
import { NatsStream } from '../../messaging/nats-stream.ts'
import { ensureStream } from '../../messaging/nats-stream-config.ts'
import { Watermark } from '../../messaging/watermark.ts'
import { repeatIdOf } from '../../protocol/entries.ts'
import { delay } from '../../runtime/backoff.ts'
import { makeLogger } from '../../runtime/logger.ts'
import { direct, ownership } from '../contract/message-log.ts'
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

/** Every record the log holds now, in order. */
export async function everything({ connection, reader }: LogProcess): Promise<LogRecord[]> {
  const end = (await new NatsStream(connection).last('>'))?.seq ?? 0
  const stop = new AbortController()
  const records: LogRecord[] = []
  if (end === 0) return records
  for await (const batch of reader.open(1, { maxRecords: 1_000, maxBytes: 1_000_000 }, stop.signal)) {
    records.push(...batch.records)
    if ((records.at(-1)?.seq ?? 0) >= end) stop.abort()
  }
  return records
}

/** An owner that appends one message after the other, and repeats a call until it is answered. */
export class Sender {
  readonly name: string
  readonly #log: NatsLog
  readonly #to: string
  readonly acknowledged: { readonly id: string; readonly seq: number }[] = []
  /** How often a call had to be repeated. */
  repeats = 0
  #stopped = false
  #done: Promise<void> = Promise.resolve()

  constructor(log: NatsLog, name: string, to: string) {
    this.#log = log
    this.name = name
    this.#to = to
  }

  async start(): Promise<void> {
    const fence = await ownership(this.#log, this.name)
    this.#done = this.#run(fence)
  }

  /** Resolves when the call under way is answered. */
  stop(): Promise<void> {
    this.#stopped = true
    return this.#done
  }

  async #run(fence: Fence): Promise<void> {
    for (let n = 0; !this.#stopped; n += 1) {
      const id = `m${n}`
      const [appended] = await this.#untilAnswered(fence, direct(this.name, this.#to, id))
      if (appended) this.acknowledged.push({ id, seq: appended.seq })
    }
  }

  async #untilAnswered(fence: Fence, entry: NewEntry): Promise<readonly Appended[]> {
    for (;;) {
      try {
        return await this.#log.append(fence, [entry])
      } catch (error) {
        if (!(error instanceof LogUnavailable)) throw error
        this.repeats += 1
        await delay(20)
      }
    }
  }
}

/** What one feed's follower is shown must be what was acknowledged: all of it, once, in order. */
export function expectNothingLost(seen: readonly LogEntry[], senders: readonly Sender[]): void {
  const seqs = seen.map(({ seq }) => seq)
  expect(seqs).to.deep.equal([...new Set(seqs)].sort((a, b) => a - b))
  for (const { name, acknowledged } of senders) {
    const own = seen.filter(({ entry }) => entry.from === name)
    expect(own.map(({ seq, entry }) => ({ id: repeatIdOf(entry), seq }))).to.deep.equal(acknowledged)
  }
}
