import type { IncomingMessage } from 'node:http'
import type { UserContract } from '../../actors/user/contract.ts'
import type { Actors } from '../../runtime/actor-runtime.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Settings } from '../../runtime/settings.ts'
import type { Session, Tokens } from '../auth/tokens.ts'
import { verifySession } from '../auth/verify-session.ts'
import { isAllowedOrigin } from '../http/origins.ts'
import type { Addresses } from './addresses.ts'

const DEVICE = /^[\x21-\x7e]{1,64}$/

export interface HandshakeParts {
  readonly users: Actors<UserContract>
  readonly tokens: Tokens
  readonly settings: Pick<Settings, 'ALLOWED_ORIGINS'>
  readonly addresses: Addresses
  readonly logger: Logger
}

/** A client that may connect. Without a session, a frame has to bring the token. */
export interface Accepted {
  readonly status: 101
  /** From where it comes. */
  readonly address: string
  readonly session?: Session
  readonly token?: string
  readonly device?: string
}

export interface HandshakeRefusal {
  readonly status: 401 | 403 | 404 | 413 | 429 | 503
  readonly text: string
}

/** Judges a request that would open a connection by its address, its Origin and, where it has one, its token. */
export async function judgeHandshake(
  request: IncomingMessage,
  url: URL,
  { users, tokens, settings, addresses, logger }: HandshakeParts,
): Promise<Accepted | HandshakeRefusal> {
  const address = addresses.of(request)
  if (!addresses.mayConnect(address)) return { status: 429, text: 'too_many_requests' }
  if (!isAllowedOrigin(request.headers.origin, request.headers.host, settings.ALLOWED_ORIGINS)) {
    return { status: 403, text: 'origin_not_allowed' }
  }
  const device = url.searchParams.get('device')
  const accepted = { status: 101, address, ...(device && DEVICE.test(device) && { device }) } as const
  const token = handshakeToken(request, url)
  if (token === undefined) return accepted
  const session = await verifySession(tokens, token, logger)
  if (session === 'missing_token') return { status: 401, text: 'missing_access_token' }
  if (typeof session === 'string') return { status: 401, text: 'invalid_access_token' }
  const check = await users.call(session.user, 'checkSession', { sv: session.sv })
  return check.ok ? { ...accepted, session, token } : { status: 401, text: 'session_invalid' }
}

/** A token given with the handshake, '' included: that is a missing one; undefined when the first frame has to bring it. */
function handshakeToken(request: IncomingMessage, url: URL): string | undefined {
  const bearer = /^Bearer\s*(.*)$/i.exec(request.headers.authorization ?? '')?.[1]
  const given = bearer ?? url.searchParams.get('token') ?? url.searchParams.get('accessToken')
  return given ?? undefined
}
