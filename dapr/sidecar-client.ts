import { Agent } from 'node:http'
import { HTTPClient, LogLevel } from '@dapr/dapr'
import type { Logger } from '../runtime/logger.ts'

/** Requests to a sidecar at once; more wait, and their time runs. */
const MAX_SOCKETS = 512
/** A sidecar that has not answered after so long will not do so in time, ms. */
const TIMEOUT_MS = 1500

export interface SidecarOptions {
  readonly port: number
  readonly apiToken?: string | undefined
  readonly timeoutMs?: number
}

type Fetch = Awaited<ReturnType<HTTPClient['getClient']>>

/**
 * The SDK's HTTP client, one for a process, without what makes it unsafe to use as it comes:
 *
 * - it waits for ever. Here a request is given up after `timeoutMs` and its connection closed, which also has the
 *   sidecar drop it. Without that, calls that hang while placement is away would all run once it is back;
 * - its first request waits up to a minute for the sidecar. Here it fails, and the caller repeats it;
 * - it opens any number of connections, and all clients of a process share them;
 * - it writes to the console, at debug level the API token too.
 *
 * The SDK's actor proxies and its state manager are not used: a proxy makes a client of its own and calls a method
 * `then` when it is awaited, and the manager needs the SDK's own actors.
 */
export class SidecarClient extends HTTPClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS })
  readonly #timeoutMs: number

  constructor({ port, apiToken, timeoutMs = TIMEOUT_MS }: SidecarOptions, logger: Logger) {
    super({
      daprHost: '127.0.0.1',
      daprPort: String(port),
      ...(apiToken === undefined ? {} : { daprApiToken: apiToken }),
      logger: { level: LogLevel.Error, service: serviceOf(logger) },
    })
    this.#timeoutMs = timeoutMs
  }

  /** Rejects unless the sidecar answers 2xx in time; '' stands for an empty body. */
  request(method: 'GET' | 'PUT' | 'POST', path: string, body?: object): Promise<unknown> {
    return this.execute(
      path,
      body === undefined ? { method } : { method, body, headers: { 'Content-Type': 'application/json' } },
    )
  }

  /** The SDK fetches with what this answers. */
  override async getClient(): Promise<Fetch> {
    const fetch = await super.getClient(false)
    const timed: (...args: Parameters<Fetch>) => ReturnType<Fetch> = (url, init) =>
      fetch(url, { ...init, agent: this.#agent, signal: AbortSignal.timeout(this.#timeoutMs) as never })
    return Object.assign(timed, fetch)
  }

  override async stop(): Promise<void> {
    this.#agent.destroy()
  }
}

const serviceOf = (logger: Logger) => ({
  error: (message: string) => logger.error(message),
  warn: (message: string) => logger.warn(message),
  info: (message: string) => logger.info(message),
  verbose: () => undefined,
  debug: () => undefined,
})
