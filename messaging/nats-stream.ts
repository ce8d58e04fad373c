import type { Msg } from 'nats'
import { delay } from '../runtime/backoff.ts'
import { jsonOf } from './nats-bytes.ts'
import type { NatsConnection } from './nats-connection.ts'
import { header, seqOf, statusOf } from './nats-headers.ts'

/** The stream that is the log. Its subjects are `im.<feed>` and `im.<owner>`; their live copies `live.…`. */
export const STREAM = 'IM'
export const stored = (name: string): string => `im.${name}`
export const live = (name: string): string => `live.${name}`
/** The feed or owner of a stored subject. */
export const nameOf = (subject: string): string => subject.slice('im.'.length)

/** What reading the stream needs of a connection. */
export type StreamRequests = Pick<NatsConnection, 'request' | 'requestMany'>

export interface StoredMessage {
  readonly seq: number
  readonly subject: string
  readonly payload: Uint8Array
  /** As its header has it; only on what a direct get answered. */
  readonly dedupeId?: string
}

/** JetStream answered with an error. */
export class StreamRefusal extends Error {
  /** JetStream's err_code; 0 for a status of a direct get. */
  readonly code: number

  constructor(code: number, description: string) {
    super(`${description} (${code})`)
    this.name = 'StreamRefusal'
    this.code = code
  }
}

export const REQUEST_MS = 1_000
const PURGE_MS = 10_000
/** Subjects asked for together; JetStream answers at most 1,024, and the head is one. */
export const SUBJECTS_A_QUESTION = 1_000
const NO_MESSAGE_FOUND = 10037
const REPLICA_LAG_MS = 10
const REPLICA_PATIENCE = 100

/**
 * Reading the stream. What is asked of the leader sees everything whose append was answered; a direct get is
 * answered by any replica and may miss the newest. Every method rejects with NoResponders, RequestTimeout,
 * ConnectionLost or StreamRefusal and may be repeated.
 */
export class NatsStream {
  readonly #connection: StreamRequests

  constructor(connection: StreamRequests) {
    this.#connection = connection
  }

  /** The leader's last message of a subject, which may hold wildcards. */
  last(subject: string): Promise<StoredMessage | undefined> {
    return this.#messageGet({ last_by_subj: subject })
  }

  /**
   * The same of a subject without wildcards, where none is to mean that there is none: the leader says “not found” also
   * of what it cannot read just now, so it has to say it twice, in two ways.
   */
  async lastIfAny(subject: string): Promise<StoredMessage | undefined> {
    const last = await this.last(subject)
    if (last || !(await this.#messageGet({ seq: 1, next_by_subj: subject }))) return last
    throw new StreamRefusal(0, `the last message of ${subject} could not be read`)
  }

  /** The leader's message with this seq. */
  message(seq: number): Promise<StoredMessage | undefined> {
    return this.#messageGet({ seq })
  }

  /** The seq of the last message the stream was given, also when that is gone; from the leader. */
  async lastSeq(): Promise<number> {
    const info = (await this.api('STREAM.INFO', '')) as { state: { last_seq: number } }
    return info.state.last_seq
  }

  /**
   * Messages of a subject from `from` on, in order, at most `limit`; none only when none exists up to `target`.
   * A lagging replica's answer is the beginning of the truth, so any message proves those before it. The leader says
   * “not found” of what it cannot read just now, too: that there is nothing it has to say twice, in two ways.
   */
  async page(subject: string, from: number, target: number, limit: number): Promise<StoredMessage[]> {
    for (let attempt = 0; attempt < REPLICA_PATIENCE; attempt += 1) {
      const messages = await this.batch(subject, from, limit, PAGE_BYTES)
      if (messages.length > 0) return messages
      const next = await this.#messageGet({ seq: from, next_by_subj: subject })
      if (next && next.seq > target) return []
      if (!next && (await this.message(target))?.subject !== subject) return []
      await delay(REPLICA_LAG_MS)
    }
    throw new StreamRefusal(0, `no replica has the messages of ${subject} from ${from} on`)
  }

  /** A direct get of what a replica has of a subject from `from` on, without a hole. */
  async batch(subject: string, from: number, limit: number, maxBytes: number): Promise<StoredMessage[]> {
    const messages: StoredMessage[] = []
    const query = { seq: from, next_by_subj: subject, batch: limit, max_bytes: maxBytes }
    let last = 0
    const follow = (msg: Msg) => {
      if (Number(header(msg, 'Nats-Last-Sequence')) !== last)
        throw new StreamRefusal(0, `something of ${subject} after ${last} is missing in an answer`)
    }
    const end = await this.#direct(query, msg => {
      follow(msg)
      const message = received(msg)
      last = message.seq
      messages.push(message)
    })
    if (end) follow(end)
    return messages
  }

  /**
   * The last seqs of subjects that have one ≥ `from`, from any replica that has got as far as `head`, the
   * leader's last message. Undefined when none showed that it has; then ask again with a new head.
   */
  async lastSeqs(
    subjects: readonly string[],
    from: number,
    head: StoredMessage,
  ): Promise<ReadonlyMap<string, number> | undefined> {
    const last = await this.#multiLast(subjects, from, head)
    return last && new Map(Array.from(last, ([subject, msg]) => [subject, seqOf(msg)]))
  }

  /** The same with the messages. A subject that is not in the answer has none. */
  async lastMessages(
    subjects: readonly string[],
    head: StoredMessage,
  ): Promise<ReadonlyMap<string, StoredMessage> | undefined> {
    const last = await this.#multiLast(subjects, 1, head)
    return last && new Map(Array.from(last, ([subject, msg]) => [subject, received(msg)]))
  }

  /** Removes what has a lower seq than `seq`; without a filter the next message has at least that. */
  async purge(request: { readonly seq: number; readonly filter?: string }): Promise<void> {
    await this.api('STREAM.PURGE', JSON.stringify(request), PURGE_MS)
  }

  /** One request of the JetStream API; its error answers reject with StreamRefusal. */
  async api(method: string, payload: string, timeoutMs = REQUEST_MS): Promise<unknown> {
    const subject = `$JS.API.${method}.${STREAM}`
    const msg = await this.#connection.request(subject, payload, { timeoutMs, failsWhenLost: true })
    const answer = jsonOf(msg.data) as { error?: { err_code: number; description: string } }
    if (answer.error) throw new StreamRefusal(answer.error.err_code, answer.error.description)
    return answer
  }

  async #messageGet(query: object): Promise<StoredMessage | undefined> {
    try {
      const answer = (await this.api('STREAM.MSG.GET', JSON.stringify(query))) as MessageAnswer
      const { seq, subject, data } = answer.message
      return { seq, subject, payload: Buffer.from(data ?? '', 'base64') }
    } catch (error) {
      if (error instanceof StreamRefusal && error.code === NO_MESSAGE_FOUND) return undefined
      throw error
    }
  }

  async #multiLast(
    subjects: readonly string[],
    from: number,
    head: StoredMessage,
  ): Promise<ReadonlyMap<string, Msg> | undefined> {
    // The head is asked for too: without any result there would be no word of how far the replica has got.
    const query = { multi_last: [...subjects, head.subject], seq: from }
    for (let attempt = 0; attempt < REPLICA_PATIENCE; attempt += 1) {
      const found = new Map<string, Msg>()
      const end = await this.#direct(query, msg => found.set(header(msg, 'Nats-Subject'), msg))
      if (end && Number(header(end, 'Nats-UpTo-Sequence')) >= head.seq) return found
      await delay(REPLICA_LAG_MS)
    }
    return undefined
  }

  /** Answers the message that ended the results, undefined when there were none at all. */
  async #direct(query: object, take: (msg: Msg) => void): Promise<Msg | undefined> {
    let end: Msg | undefined
    const options = { timeoutMs: REQUEST_MS, failsWhenLost: true }
    const subject = `$JS.API.DIRECT.GET.${STREAM}`
    await this.#connection.requestMany(subject, JSON.stringify(query), options, msg => {
      const status = statusOf(msg)
      if (status === 0) {
        take(msg)
        return false
      }
      if (status === 204) end = msg
      else if (status !== 404) throw new StreamRefusal(0, msg.headers?.status ?? '')
      return true
    })
    return end
  }
}

const PAGE_BYTES = 2_000_000

interface MessageAnswer {
  readonly message: { readonly seq: number; readonly subject: string; readonly data?: string }
}

const received = (msg: Msg): StoredMessage => ({
  seq: seqOf(msg),
  subject: header(msg, 'Nats-Subject'),
  payload: msg.data,
  dedupeId: header(msg, 'Nats-Msg-Id'),
})
