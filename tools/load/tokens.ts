import { createHmac } from 'node:crypto'
import type { Credentials } from './options.ts'

const LIFE_SECONDS = 86_400
const LOGIN_PASSWORD = 'a-load-client-has-no-secrets'

export interface Identity {
  readonly user: string
  readonly token: string
}

/** The `index`th client's user: the same in every run, so that accounts are made once. */
export async function identify(
  credentials: Credentials,
  url: string,
  index: number,
  signal: AbortSignal,
): Promise<Identity> {
  const name = `load-${index}`
  if (credentials.kind === 'signed') return { user: name, token: signToken(name, credentials.secret) }
  const response = await fetch(new URL('/auth/login', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: name, password: LOGIN_PASSWORD }),
    signal,
  })
  const { data } = (await response.json()) as { data?: { userId: number | string; accessToken: string } }
  if (!data) throw new Error(`login refused: HTTP ${response.status}`)
  return { user: String(data.userId), token: data.accessToken }
}

/** An access token as a user centre would sign it. */
export function signToken(user: string, secret: string): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = { uid: user, typ: 'access', sv: 0, iss: 'homing', iat: now, exp: now + LIFE_SECONDS }
  const signed = `${base64({ alg: 'HS256', typ: 'JWT' })}.${base64(claims)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
