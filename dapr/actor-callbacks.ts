import { timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ActorType } from '../runtime/actor-runtime.ts'
import type { Logger } from '../runtime/logger.ts'
import { type ActorAnswer, type ActorCall, isActorCall } from './actor-call.ts'

/** As much as a NATS message may hold. */
const MAX_BODY_BYTES = 4 * 1024 * 1024

/** How daprd is to treat our actors: https://docs.dapr.io/reference/api/actors_api/, "Get registered actors". */
const CONFIG = {
  // Calls come over the bus, so Dapr takes every actor for idle. Activations end the idle ones themselves.
  actorIdleTimeout: '6h',
  drainOngoingCallTimeout: '2s',
  drainRebalancedActors: true,
  reentrancy: { enabled: false },
}

export interface CallbackTarget {
  /** The types of actors that may be placed here. */
  readonly types: readonly ActorType[]
  call(type: ActorType, id: string, call: ActorCall): Promise<ActorAnswer>
  deactivate(type: ActorType, id: string): Promise<void>
}

export interface ActorCallbackOptions {
  readonly target: CallbackTarget
  /** What daprd sends in `dapr-api-token`; without one nothing is checked. */
  readonly appApiToken: string | undefined
  readonly isHealthy: () => boolean
  readonly logger: Logger
}

interface Reply {
  readonly status: number
  readonly body: unknown
}

/**
 * The HTTP side of hosting actors for Dapr: what daprd asks of the application beside it.
 *
 * Served here and not by the SDK because its hosting can't be made safe: it listens on all interfaces, doesn't check
 * the app's token, constructs an actor twice when two first calls come together, has no lock of its own while daprd
 * gives up waiting and starts the next turn, answers a thrown Error with 500 `{}` and anything else thrown with 200,
 * and turns a DELETE of an actor it doesn't know into an unhandled rejection.
 *
 * An actor's own error is an answer like any other, with status 200: what is not 200 is a failure to deliver.
 */
export class ActorCallbacks {
  readonly #options: ActorCallbackOptions
  readonly #server: Server

  constructor(options: ActorCallbackOptions) {
    this.#options = options
    this.#server = createServer((request, response) => void this.#handle(request, response))
    // daprd keeps its connections; one closed here while a request is on its way would be a failed call.
    this.#server.keepAliveTimeout = 0
  }

  /** Resolves with the port taken, on the loopback interface only. */
  async listen(port: number): Promise<number> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let reply: Reply
    try {
      reply = await this.#route(request)
    } catch (error) {
      this.#options.logger.warn({ err: error, url: request.url }, 'a callback of Dapr failed')
      reply = failure(500, 'internal error')
    }
    const text = JSON.stringify(reply.body)
    response.writeHead(reply.status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...(request.complete ? {} : { connection: 'close' }),
    })
    response.end(text)
  }

  async #route(request: IncomingMessage): Promise<Reply> {
    const { target, isHealthy } = this.#options
    const [first, ...rest] = pathOf(request)
    if (first === 'healthz' && request.method === 'GET') return { status: isHealthy() ? 200 : 503, body: {} }
    if (!this.#isAuthentic(request)) return failure(401, 'wrong dapr-api-token')
    if (first === 'dapr' && rest[0] === 'config' && request.method === 'GET')
      return { status: 200, body: { entities: target.types, ...CONFIG } }
    const [name, id = '', word, method, ...more] = rest
    const type = target.types.find(hosted => hosted === name)
    if (first !== 'actors' || !type || id === '' || more.length > 0) return failure(404, 'no such route')
    if (request.method === 'DELETE' && word === undefined) {
      await target.deactivate(type, id)
      return { status: 200, body: {} }
    }
    if (request.method !== 'PUT' || word !== 'method' || method === undefined)
      return failure(404, 'no such route')
    const call = await readCall(request)
    if (call?.method !== method) return failure(400, 'the body is no call of this method')
    return { status: 200, body: await target.call(type, id, call) }
  }

  #isAuthentic(request: IncomingMessage): boolean {
    const { appApiToken } = this.#options
    if (appApiToken === undefined) return true
    const given = Buffer.from(String(request.headers['dapr-api-token'] ?? ''))
    const expected = Buffer.from(appApiToken)
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
}

const failure = (status: number, message: string): Reply => ({ status, body: { error: message } })

/** The path's parts; those that can't be decoded are no names of ours. */
function pathOf({ url = '' }: IncomingMessage): string[] {
  const [path = ''] = url.split('?')
  try {
    return path.split('/').slice(1).map(decodeURIComponent)
  } catch {
    return []
  }
}

/** Undefined when the body is too large or no call. */
async function readCall(request: IncomingMessage): Promise<ActorCall | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString())
    return isActorCall(value) ? value : undefined
  } catch {
    return undefined
  }
}
