import type { FastifyInstance } from 'fastify'

/** Preflight answers may be kept this long, s. */
const PREFLIGHT_SECONDS = 600

/**
 * Whether a browser page of `origin` may use this server: a listed one (`*` lists all), or, while none is
 * listed, one from the server's own host. Without an Origin header it is no browser page.
 */
export function isAllowedOrigin(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined) return true
  if (allowed.length > 0) return allowed.includes(origin) || allowed.includes('*')
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()
}

/**
 * Lets pages of listed origins read answers. Nothing is refused here: a request is authenticated by its bearer
 * token, which no browser adds by itself, so a page that must not read has nothing to gain from asking.
 */
export function allowOrigins(app: FastifyInstance, allowed: readonly string[]): void {
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers
    reply.header('vary', 'origin')
    if (origin === undefined || !isAllowedOrigin(origin, request.headers.host, allowed)) return
    reply.header('access-control-allow-origin', origin)
    reply.header('access-control-expose-headers', 'retry-after')
    if (request.method !== 'OPTIONS' || !request.headers['access-control-request-method']) return
    return reply
      .code(204)
      .header('access-control-allow-methods', 'GET, POST, PUT, DELETE')
      .header('access-control-allow-headers', 'authorization, content-type')
      .header('access-control-max-age', String(PREFLIGHT_SECONDS))
      .send()
  })
}
