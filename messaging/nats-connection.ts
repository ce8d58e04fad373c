import {
  type NatsConnection as Client,
  connect,
  createInbox,
  ErrorCode,
  type Msg,
  NatsError,
  type Subscription,
} from 'nats'
import { delay, fullJitter } from '../runtime/backoff.ts'
import type { Logger } from '../runtime/logger.ts'
import type { BusState } from './bus.ts'
import { NatsOutput } from './nats-output.ts'
import { ConnectionLost, NatsRequests, type RequestOptions } from './nats-requests.ts'
import { readInTurns, socketOf } from './nats-socket.ts'

export interface NatsOptions {
  readonly servers: readonly string[]
  readonly user?: string
  readonly password?: string
  /** How NATS lists this connection. */
  readonly name: string
  /** How long the first connection may take, ms. */
  readonly connectTimeoutMs?: number
  /** Least time between two writes: what is said meanwhile leaves together. Default 0: what a turn says, ms. */
  readonly writePauseMs?: number
}

const FIRST_CONNECTION_MS = 30_000
const DIAL_MS = 2_000
const RECONNECT_MIN_MS = 50
const RECONNECT_JITTER_MS = 250

/** Connects once a server answers; rejects when none does in time or the password is wrong. */
export async function connectNats(options: NatsOptions, logger: Logger): Promise<NatsConnection> {
  const end = Date.now() + (options.connectTimeoutMs ?? FIRST_CONNECTION_MS)
  for (let attempt = 0; ; attempt += 1) {
    try {
      return new NatsConnection(await dial(options), options, logger)
    } catch (error) {
      const refused = error instanceof NatsError && error.code === ErrorCode.AuthorizationViolation
      if (refused || Date.now() > end) throw error
    }
    await delay(20 + fullJitter(attempt, 50, 1_000))
  }
}

/** Each user takes its answers under a prefix of its own, so that permissions can keep them apart. */
const inboxPrefix = ({ user }: NatsOptions): string => (user === undefined ? '_INBOX' : `_INBOX_${user}`)

function dial(options: NatsOptions): Promise<Client> {
  return connect({
    servers: [...options.servers],
    name: options.name,
    ...(options.user === undefined ? {} : { user: options.user, pass: options.password ?? '' }),
    inboxPrefix: inboxPrefix(options),
    noAsyncTraces: true,
    timeout: DIAL_MS,
    pingInterval: 1_000,
    maxPingOut: 2,
    reconnect: true,
    maxReconnectAttempts: -1,
    // A server that is starting may refuse a user for a moment; giving up would be for ever.
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: () => RECONNECT_MIN_MS + Math.random() * RECONNECT_JITTER_MS,
  })
}

/**
 * A process's one connection to NATS, shared by its bus and its log. It reconnects for ever. What is published
 * while it is lost is dropped: the client would keep some of it and send that late, and lose the rest.
 */
export class NatsConnection {
  readonly #client: Client
  readonly #requests: NatsRequests
  readonly #output: NatsOutput
  readonly #logger: Logger
  readonly #stateHandlers: ((state: BusState) => void)[] = []
  #lostAt: number | undefined
  #losses = 0
  #closing = false

  constructor(client: Client, options: NatsOptions, logger: Logger) {
    this.#client = client
    this.#logger = logger
    this.#output = new NatsOutput(client, options.writePauseMs ?? 0)
    this.#requests = new NatsRequests(client, this.#output, createInbox(inboxPrefix(options)))
    this.#readInTurns()
    void this.#followStatus()
  }

  get connected(): boolean {
    return this.#lostAt === undefined && !this.#client.isClosed()
  }

  /** For how long the connection has been lost, ms; 0 while it is there. */
  get lostForMs(): number {
    return this.#lostAt === undefined ? 0 : performance.now() - this.#lostAt
  }

  /** How often the connection has been lost: what came before a loss is answered in vain. */
  get losses(): number {
    return this.#losses
  }

  onState(handler: (state: BusState) => void): void {
    this.#stateHandlers.push(handler)
  }

  /** Throws when the payload is larger than the server takes. */
  publish(subject: string, payload: string): void {
    if (this.connected) this.#output.publish(subject, payload)
  }

  /** Rejects with NoResponders, RequestTimeout or ConnectionLost. */
  request(subject: string, payload: string, options: RequestOptions): Promise<Msg> {
    if (this.connected) return this.#requests.one(subject, payload, options)
    if (options.failsWhenLost) return Promise.reject(new ConnectionLost(subject, false))
    return delay(options.timeoutMs).then(() => Promise.reject(new ConnectionLost(subject, false)))
  }

  /** Like `request`, for more than one answer: each goes to `take` until it says true. */
  requestMany(
    subject: string,
    payload: string,
    options: RequestOptions,
    take: (msg: Msg) => boolean,
  ): Promise<void> {
    if (!this.connected) return Promise.reject(new ConnectionLost(subject, false))
    return this.#requests.many(subject, payload, options, take)
  }

  /** The subscription outlives reconnections. A handler that throws is logged. */
  subscribe(subject: string, handler: (msg: Msg) => void): Subscription {
    const callback = (error: Error | null, msg: Msg) => {
      try {
        if (error) throw error
        handler(msg)
      } catch (thrown) {
        // It must not get out: the client would stop reading from its connection without a word.
        this.#logger.error({ err: thrown, subject }, 'a message was not handled')
      }
    }
    return this.#client.subscribe(subject, { callback })
  }

  /** Resolves when the server has taken everything said so far, after a reconnection if need be. */
  async flush(): Promise<void> {
    for (;;) {
      try {
        await this.#client.flush()
        return
      } catch (error) {
        if (this.#client.isClosed()) throw error
        await delay(RECONNECT_MIN_MS)
      }
    }
  }

  /** Handles what has arrived, sends what was published, and ends. */
  async close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    if (this.connected) await this.#client.drain()
    else await this.#client.close()
  }

  async #followStatus(): Promise<void> {
    for await (const { type, data, permissionContext } of this.#client.status()) {
      if (type === 'disconnect') this.#lost()
      else if (type === 'reconnect') this.#found()
      else if (type === 'staleConnection') this.#cutSocket()
      else if (type === 'error') this.#logger.error({ data, permissionContext }, 'NATS reports an error')
    }
  }

  #lost(): void {
    if (this.#lostAt !== undefined) return
    this.#lostAt = performance.now()
    this.#losses++
    if (!this.#closing) this.#logger.warn('the NATS connection is lost')
    this.#requests.connectionLost()
    this.#tell('disconnected')
  }

  #found(): void {
    this.#lostAt = undefined
    this.#readInTurns()
    this.#logger.info({ server: this.#client.getServer() }, 'the NATS connection is back')
    this.#tell('connected')
  }

  /** Each connection has a socket of its own. */
  #readInTurns(): void {
    const socket = socketOf(this.#client)
    if (socket) readInTurns(socket)
  }

  #tell(state: BusState): void {
    for (const handler of this.#stateHandlers) {
      try {
        handler(state)
      } catch (error) {
        this.#logger.error({ err: error, state }, 'a change of the connection was not handled')
      }
    }
  }

  /**
   * Of a frozen server the client first waits until it has taken what is still to be written, which may be never.
   * So the socket is destroyed here.
   */
  #cutSocket(): void {
    socketOf(this.#client)?.destroy()
  }
}
