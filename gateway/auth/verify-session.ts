import type { Logger } from '../../runtime/logger.ts'
import type { AuthFailure } from '../connection/wire-protocol.ts'
import type { Session, Tokens } from './tokens.ts'

/** The session of an access token, or why there is none. Does not know the user's session version. */
export async function verifySession(
  tokens: Tokens,
  token: string | undefined,
  logger: Logger,
): Promise<Session | AuthFailure> {
  if (!token) return 'missing_token'
  try {
    const verified = await tokens.verifyAccessToken(token)
    return verified.ok ? verified.session : 'invalid_token'
  } catch (error) {
    logger.error({ err: error }, 'tokens cannot be verified')
    return 'invalid_token'
  }
}
