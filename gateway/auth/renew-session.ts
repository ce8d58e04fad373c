import type { Reason } from '../../protocol/errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { ActorCalls } from '../connection/actor-calls.ts'
import type { AuthFailure } from '../connection/wire-protocol.ts'
import type { Session, Tokens } from './tokens.ts'
import { verifySession } from './verify-session.ts'

export type Renewal =
  | { readonly session: Session }
  /** The token is no good. */
  | { readonly failed: AuthFailure }
  | { readonly refused: Reason }

/** The session of a newer token of the same user, in place of the one that the connection is bound with. */
export async function renewSession(
  token: string | undefined,
  session: Session,
  { tokens, logger }: { readonly tokens: Tokens; readonly logger: Logger },
  calls: ActorCalls,
): Promise<Renewal> {
  const renewed = await verifySession(tokens, token, logger)
  if (typeof renewed === 'string') return { failed: renewed }
  if (renewed.user !== session.user) return { refused: 'reauth_uid_mismatch' }
  try {
    const check = await calls.checkSession(renewed)
    if (!check.ok) return { failed: check.reason }
  } catch {
    return { refused: 'server_busy' }
  }
  // The binding keeps the session version it was made with; a token of the same one only lives longer.
  return { session: { ...renewed, sv: session.sv } }
}
