import { AccountError, refresh, type Tokens } from './accounts.ts'
import { type Clock, systemClock } from './clock.ts'
import { Refused } from './refused.ts'

const UNAUTHORIZED = 40_100

/**
 * A token function for HomingClient: answers the session's access token while more than a quarter of its life is
 * left, and gets a new one after that. Rejects with `Refused` when the server takes the refresh token no more.
 */
export function sessionTokens(
  baseUrl: string,
  session: Tokens,
  clock: Clock = systemClock,
): () => Promise<string> {
  let tokens = session
  let renewAt = 0
  let renewing: Promise<string> | undefined
  const take = (fresh: Tokens): string => {
    tokens = fresh
    renewAt = clock.now() + fresh.accessTokenExpiresInSeconds * 750
    return fresh.accessToken
  }
  const renew = async (): Promise<string> => {
    try {
      return take(await refresh(baseUrl, tokens.refreshToken))
    } catch (error) {
      if (error instanceof AccountError && error.code === UNAUTHORIZED) throw new Refused('session_invalid')
      throw error
    } finally {
      renewing = undefined
    }
  }
  take(session)
  return () => {
    if (clock.now() < renewAt) return Promise.resolve(tokens.accessToken)
    renewing ??= renew() // a refresh token works once: whoever asks meanwhile waits for the same answer
    return renewing
  }
}
