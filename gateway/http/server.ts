import type { Server } from 'node:http'
import { type FastifyBaseLogger, type FastifyReply, fastify, LogController } from 'fastify'
import type { Registry } from 'prom-client'
import type { Logger } from '../../runtime/logger.ts'
import { answerIn, refuse, restEnvelope } from './envelope.ts'
import { addHealthRoutes, type ReadinessCheck } from './health.ts'
import { allowOrigins } from './origins.ts'
import { acceptJson, compileValidator, type ZodApp, type ZodTypes } from './validation.ts'

/** Largest request body: a message's text with room to spare. */
export const BODY_LIMIT_BYTES = 65_536
/** A request must have arrived within this time, its headers earlier. */
export const REQUEST_TIMEOUT_MS = 30_000
/** Longest path parameter: a conversation id of two 64-character users, percent-encoded colons included. */
const MAX_PARAM_CHARACTERS = 256

export interface HttpOptions {
  readonly logger: Logger
  readonly allowedOrigins: readonly string[]
  readonly registry: Registry
  readonly checks: readonly ReadinessCheck[]
  /** Proxies (addresses or networks) whose X-Forwarded-For is believed; none by default. */
  readonly trustedProxies?: readonly string[]
}

/**
 * The one HTTP port. Routes are added to `app` before `listen`; WebSocket upgrades are taken from `server`,
 * which exists from the start.
 */
export interface HttpGateway {
  readonly app: ZodApp
  readonly server: Server
  /** Resolves with the port taken. */
  listen(host: string, port: number): Promise<number>
  /** From now on `/readyz` says 503, so that no new client is sent here. */
  drain(): void
  /** Stops accepting, finishes the requests under way. Upgraded sockets are their owner's to close, before. */
  close(): Promise<void>
}

export function createHttpGateway(options: HttpOptions): HttpGateway {
  let draining = false
  const app = createApp(options)
  app.setValidatorCompiler(compileValidator)
  acceptJson(app)
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
  })
  allowOrigins(app, options.allowedOrigins)
  answerIn(restEnvelope, app)
  addHealthRoutes(app, { checks: options.checks, registry: options.registry, isDraining: () => draining })
  return {
    app,
    server: app.server,
    listen: async (host, port) => {
      await app.listen({ host, port })
      return portOf(app.server)
    },
    drain: () => {
      draining = true
    },
    close: () => {
      draining = true
      return app.close()
    },
  }
}

function createApp({ logger, trustedProxies }: HttpOptions): ZodApp {
  const loggerInstance: FastifyBaseLogger = logger
  return fastify({
    loggerInstance,
    // A line for each request would drown the lines that somebody may have to act on.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    // Refusing here would break the envelope; parts are stopped only after this server is.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAM_CHARACTERS },
    trustProxy: trustedProxies ? [...trustedProxies] : false,
    // Paths that cannot be decoded never reach a route or its error handler.
    frameworkErrors: (error, _request, reply: FastifyReply) =>
      refuse(reply, restEnvelope, 'bad_request', error.message),
  }).withTypeProvider<ZodTypes>()
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}
