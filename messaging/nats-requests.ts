import type { NatsConnection as Client, Msg } from 'nats'
import { NoResponders, RequestTimeout } from './bus.ts'
import type { NatsOutput } from './nats-output.ts'

export interface RequestOptions {
  readonly timeoutMs: number
  /** As `rawHeaders` makes them. */
  readonly headers?: string
  /** True: fails with ConnectionLost as soon as the connection is lost, instead of when the time is over. */
  readonly failsWhenLost?: boolean
}

/** The connection went away, or was not there. */
export class ConnectionLost extends Error {
  /** Whether the request may have left, so that the other side may still act on it. */
  readonly sent: boolean

  constructor(subject: string, sent: boolean) {
    super(`the connection was lost before an answer from ${subject}`)
    this.name = 'ConnectionLost'
    this.sent = sent
  }
}

interface Pending {
  readonly subject: string
  readonly failsWhenLost: boolean
  readonly timer: NodeJS.Timeout
  /** Takes an answer; true when it was the last. */
  readonly take: (msg: Msg) => boolean
  readonly fail: (error: Error) => void
}

/**
 * Requests over one inbox of the connection's own. The client's own requests cost a timer promise, a race and a
 * random token each, and time out only later when the connection is lost.
 */
export class NatsRequests {
  readonly #output: NatsOutput
  readonly #prefix: string
  readonly #pending = new Map<string, Pending>()
  #sent = 0

  constructor(client: Client, output: NatsOutput, inbox: string) {
    this.#output = output
    this.#prefix = `${inbox}.`
    client.subscribe(`${inbox}.*`, { callback: (_error, msg) => this.#receive(msg) })
  }

  one(subject: string, payload: string, options: RequestOptions): Promise<Msg> {
    return new Promise((resolve, reject) => {
      const take = (msg: Msg) => {
        resolve(msg)
        return true
      }
      this.#send(subject, payload, options, take, reject)
    })
  }

  /** Every answer goes to `take` until it says true; `timeoutMs` is for all of them together. */
  many(
    subject: string,
    payload: string,
    options: RequestOptions,
    take: (msg: Msg) => boolean,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const takeUntilLast = (msg: Msg) => {
        const last = take(msg)
        if (last) resolve()
        return last
      }
      this.#send(subject, payload, options, takeUntilLast, reject)
    })
  }

  /** The client calls nobody back about requests under way when it loses its connection. */
  connectionLost(): void {
    for (const [token, pending] of this.#pending) {
      if (pending.failsWhenLost) this.#fail(token, pending, new ConnectionLost(pending.subject, true))
    }
  }

  #send(
    subject: string,
    payload: string,
    options: RequestOptions,
    take: Pending['take'],
    fail: Pending['fail'],
  ): void {
    this.#sent += 1
    const token = this.#sent.toString(36)
    const timer = setTimeout(() => {
      this.#pending.delete(token)
      fail(new RequestTimeout(subject))
    }, options.timeoutMs)
    const pending = { subject, failsWhenLost: options.failsWhenLost ?? false, timer, take, fail }
    this.#pending.set(token, pending)
    try {
      const reply = this.#prefix + token
      const { headers } = options
      this.#output.publish(subject, payload, headers === undefined ? { reply } : { reply, headers })
    } catch (error) {
      this.#fail(token, pending, error as Error)
    }
  }

  #receive(msg: Msg): void {
    const token = msg.subject.slice(this.#prefix.length)
    const pending = this.#pending.get(token)
    if (!pending) return
    if (msg.data.length === 0 && msg.headers?.code === 503) {
      this.#fail(token, pending, new NoResponders(pending.subject))
      return
    }
    try {
      if (!pending.take(msg)) return
    } catch (error) {
      this.#fail(token, pending, error as Error)
      return
    }
    clearTimeout(pending.timer)
    this.#pending.delete(token)
  }

  #fail(token: string, pending: Pending, error: Error): void {
    clearTimeout(pending.timer)
    this.#pending.delete(token)
    pending.fail(error)
  }
}
