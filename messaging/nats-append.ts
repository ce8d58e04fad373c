import type { Feed } from '../protocol/ids.ts'
import { type Appended, type Fence, LogBusy, type NewEntry, Superseded } from './message-log.ts'
import { jsonOf, rawHeaders } from './nats-bytes.ts'
import type { NatsConnection } from './nats-connection.ts'
import type { LogParts } from './nats-log-parts.ts'
import { REQUEST_MS, StreamRefusal, stored } from './nats-stream.ts'

interface PublishAnswer {
  readonly seq: number
  readonly duplicate?: boolean
  readonly error?: { readonly err_code: number; readonly description: string }
}

/** JetStream's error codes that mean more than “repeat it”. */
export const WRONG_LAST_SEQUENCE = 10071
const TOO_LARGE = 10054
const STORE_FAILED = 10077

/** Stores one message; rejects with StreamRefusal where JetStream refuses it. */
export async function store(
  connection: NatsConnection,
  subject: string,
  payload: string,
  headers: string,
): Promise<PublishAnswer> {
  const options = { timeoutMs: REQUEST_MS, headers, failsWhenLost: true }
  const answer = jsonOf((await connection.request(subject, payload, options)).data) as PublishAnswer
  if (!answer.error) return answer
  const { err_code: code, description } = answer.error
  // The stream is full (discard: new): a gate like the others, only harder.
  if (code === STORE_FAILED) throw new LogBusy(description)
  if (code === TOO_LARGE)
    throw new Error(`${description}: ${Buffer.byteLength(payload)} bytes for ${subject}`)
  throw new StreamRefusal(code, description)
}

/** Appends entries under their owner's fence, one after the other. */
export class NatsAppends {
  readonly #parts: LogParts

  constructor(parts: LogParts) {
    this.#parts = parts
  }

  async append(fence: Fence, entries: readonly NewEntry[]): Promise<readonly Appended[]> {
    // To the log, expecting 0 means that nobody has claimed: it would let anybody write.
    if (fence.epoch < 1) throw new Superseded(fence.owner)
    this.#parts.gate.check()
    const appended: Appended[] = []
    for (const entry of entries) appended.push(await this.#one(fence, entry))
    return appended
  }

  /** An unknown outcome is settled by repeating with the same id: the log answers a repeat with the first seq. */
  #one(fence: Fence, { feed, dedupeId, entry }: NewEntry): Promise<Appended> {
    const payload = JSON.stringify(entry)
    const headers = rawHeaders([
      ['Nats-Expected-Last-Subject-Sequence', fence.epoch],
      ['Nats-Expected-Last-Subject-Sequence-Subject', stored(fence.owner)],
      ['Nats-Msg-Id', encodeDedupeId(dedupeId)],
    ])
    const floor = this.#parts.head.floor
    const attempt = async () => {
      if (!this.#parts.head.current) await this.#parts.head.admit()
      try {
        const answer = await store(this.#parts.connection, stored(feed), payload, headers)
        // With replicas a known id is answered before the fence is looked at.
        if (answer.duplicate) await this.#checkFence(fence)
        return this.#accept(feed, answer, floor)
      } catch (error) {
        if (isRefusal(error, WRONG_LAST_SEQUENCE)) await this.#checkFence(fence)
        throw error
      }
    }
    return this.#parts.retries.run(`append to ${feed}`, attempt, true)
  }

  #accept(feed: Feed, { seq, duplicate = false }: PublishAnswer, floor: number): Appended {
    if (!duplicate && seq <= floor) {
      this.#parts.head.wentBack(seq, floor)
      throw new LogBusy(`the log has gone back: ${feed} was given ${seq} after ${floor} had been`)
    }
    this.#parts.gate.saw(seq)
    return { seq, duplicate }
  }

  /** Throws unless the fence is the last claim after all, as it can be while the leader changes. */
  async #checkFence(fence: Fence): Promise<void> {
    const last = await this.#parts.stream.last(stored(fence.owner))
    if (last?.seq !== fence.epoch) throw new Superseded(fence.owner)
  }
}

export const isRefusal = (error: unknown, code: number): boolean =>
  error instanceof StreamRefusal && error.code === code

/** Headers lose the spaces around a value, which may be part of an id. */
export const encodeDedupeId = (id: string): string => (PLAIN.test(id) ? id : encodeURIComponent(id))

export function decodeDedupeId(header: string): string {
  try {
    return decodeURIComponent(header)
  } catch {
    return header
  }
}

const PLAIN = /^[!-$&-~]*$/
