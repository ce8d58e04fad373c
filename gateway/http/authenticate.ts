import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Sessions } from '../auth/sessions.ts'
import type { Session } from '../auth/tokens.ts'
import { type Envelope, refuse } from './envelope.ts'

const sessionsOfRequests = new WeakMap<FastifyRequest, Session>()

/**
 * The one onRequest hook by which a route is for authenticated users only: the bearer token's session, which
 * `sessionOf` then answers, or 401 in the routes' envelope.
 */
export const authenticate =
  (sessions: Sessions, envelope: Envelope) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const authenticated = await sessions.authenticate(bearerToken(request.headers.authorization))
    if (!authenticated.ok) {
      // RFC 6750, 3: a refused bearer request is told how to ask.
      reply.header('www-authenticate', 'Bearer')
      return refuse(reply, envelope, authenticated.reason)
    }
    sessionsOfRequests.set(request, authenticated.session)
    return undefined
  }

/** The session of a request on a route with the hook; elsewhere it throws. */
export function sessionOf(request: FastifyRequest): Session {
  const session = sessionsOfRequests.get(request)
  if (!session) throw new Error(`${request.routeOptions.url} does not authenticate its requests`)
  return session
}

/** The token of an Authorization header; schemes are case-insensitive (RFC 9110, 11.1). */
export const bearerToken = (header: string | undefined): string | undefined =>
  /^bearer +(\S+) *$/i.exec(header ?? '')?.[1]
