const SHORTEST_MS = 10_000

function expiry(token: string): number | undefined {
  try {
    const claims: unknown = JSON.parse(
      atob((token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/')),
    )
    const hasExp = typeof claims === 'object' && claims !== null && 'exp' in claims
    return hasExp && typeof claims.exp === 'number' ? claims.exp * 1000 : undefined
  } catch {
    return undefined // not a JWT: whoever made it knows its life, this client does not
  }
}

/**
 * Milliseconds after which an access token should be renewed: four fifths of what is left of it.
 * Undefined when the token does not say when it ends.
 */
export function renewAfterMs(token: string, now = Date.now()): number | undefined {
  const end = expiry(token)
  return end === undefined ? undefined : Math.max(SHORTEST_MS, (end - now) * 0.8)
}
