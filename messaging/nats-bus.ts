import type { Msg } from 'nats'
import type { Logger } from '../runtime/logger.ts'
import { type Bus, type BusHandler, type BusState, type BusSubscription, RequestTimeout } from './bus.ts'
import { jsonOf } from './nats-bytes.ts'
import type { NatsConnection } from './nats-connection.ts'
import { ConnectionLost } from './nats-requests.ts'

/**
 * The bus on core NATS; a value is one message of JSON text. While the connection is lost, publishing drops and a
 * request ends with RequestTimeout when its time is over: nothing is kept back to arrive late.
 */
export class NatsBus implements Bus {
  readonly #connection: NatsConnection
  readonly #logger: Logger
  readonly #subscriptions = new Set<BusSubscription>()

  constructor(connection: NatsConnection, logger: Logger) {
    this.#connection = connection
    this.#logger = logger
  }

  publish(subject: string, value: unknown): void {
    this.#publish(subject, value)
  }

  async request(subject: string, value: unknown, timeoutMs: number): Promise<unknown> {
    try {
      const answer = await this.#connection.request(subject, encode(value), { timeoutMs })
      return jsonOf(answer.data)
    } catch (error) {
      throw error instanceof ConnectionLost ? new RequestTimeout(subject) : error
    }
  }

  subscribe(subject: string, handler: BusHandler): BusSubscription {
    const inner = this.#connection.subscribe(subject, msg => this.#handle(msg, handler))
    const subscription = {
      drain: async () => {
        this.#subscriptions.delete(subscription)
        if (!inner.isClosed()) await inner.drain()
      },
    }
    this.#subscriptions.add(subscription)
    return subscription
  }

  /** In a NATS cluster the other servers hear of a subscription a moment later than this one's. */
  flush(): Promise<void> {
    return this.#connection.flush()
  }

  onState(handler: (state: BusState) => void): void {
    this.#connection.onState(handler)
  }

  /** Ends what was subscribed here; the connection, which others use too, stays. */
  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map(subscription => subscription.drain()))
  }

  #handle(msg: Msg, handler: BusHandler): void {
    const { subject, reply } = msg
    const value = jsonOf(msg.data)
    handler(reply ? { subject, value, respond: this.#responder(reply) } : { subject, value })
  }

  /** A server lets a connection answer what it has passed on to it, and no other: not the one after a loss. */
  #responder(reply: string): (answer: unknown) => void {
    const { losses } = this.#connection
    return answer => {
      if (losses === this.#connection.losses) this.#publish(reply, answer)
    }
  }

  #publish(subject: string, value: unknown): void {
    try {
      this.#connection.publish(subject, encode(value))
    } catch (error) {
      this.#logger.error({ err: error, subject }, 'a value was not published')
    }
  }
}

/** A handler that answers with nothing answers null: an empty message means that nobody serves the subject. */
const encode = (value: unknown): string => JSON.stringify(value ?? null)
