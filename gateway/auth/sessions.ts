import type { UserStore } from '../../storage/store.ts'
import type { Session, Tokens } from './tokens.ts'

export type SessionRefusal =
  | 'missing_access_token'
  | 'invalid_access_token'
  | 'token_expired'
  | 'session_invalid'

export type Authenticated =
  | { readonly ok: true; readonly session: Session }
  | { readonly ok: false; readonly reason: SessionRefusal; readonly session?: Session }

/** Decides whether a token still stands: signed, in time, and not of a session that has been ended since. */
export class Sessions {
  readonly #tokens: Tokens
  readonly #users: Pick<UserStore, 'sessionVersion' | 'raiseSessionVersion'>

  constructor(tokens: Tokens, users: Pick<UserStore, 'sessionVersion' | 'raiseSessionVersion'>) {
    this.#tokens = tokens
    this.#users = users
  }

  /**
   * One read of the database. A token with a higher version than the row's raises the row: whoever issued it
   * has ended the earlier sessions. Rejects when keys or database are out of reach. A `session_invalid` answer
   * carries the session that the token was good for.
   */
  async authenticate(token: string | undefined): Promise<Authenticated> {
    if (!token) return { ok: false, reason: 'missing_access_token' }
    const verification = await this.#tokens.verifyAccessToken(token)
    if (!verification.ok) return { ok: false, reason: reasons[verification.reason] }
    const { session } = verification
    const version = await this.#users.sessionVersion(session.user)
    if (session.sv < version) return { ok: false, reason: 'session_invalid', session }
    if (session.sv > version) await this.#users.raiseSessionVersion(session.user, session.sv)
    return { ok: true, session }
  }
}

const reasons = { invalid: 'invalid_access_token', expired: 'token_expired' } as const
