import { parseExactJson } from '../protocol/exact-json.ts'

export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
  readonly accessTokenExpiresInSeconds: number
  readonly refreshTokenExpiresInSeconds: number
}

export interface Session extends Tokens {
  readonly userId: string
}

/** The server answered no. `code` is its Result code: 40000, 40100, 40300, 40400, 42900 or 50000. */
export class AccountError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.name = 'AccountError'
    this.code = code
  }
}

interface Call {
  readonly method?: 'GET' | 'POST'
  readonly accessToken?: string
  readonly body?: Readonly<Record<string, string>>
}

type Fields = Readonly<Record<string, unknown>>

const ANSWER_WITHIN_MS = 10_000

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

/** Rejects with AccountError for an answer that says no, and with fetch's error when there is none in 10 s. */
async function call(
  baseUrl: string,
  path: string,
  { method = 'POST', accessToken, body }: Call,
): Promise<Fields> {
  const response = await fetch(new URL(path, baseUrl.replace(/^ws/, 'http')), {
    method,
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(accessToken !== undefined && { authorization: `Bearer ${accessToken}` }),
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  })
  const result = parseResult(await response.text())
  if (result.ok === true) return isFields(result.data) ? result.data : {}
  throw new AccountError(
    typeof result.code === 'number' ? result.code : response.status * 100,
    typeof result.message === 'string' ? result.message : `HTTP ${response.status}`,
  )
}

function parseResult(text: string): Fields {
  try {
    const value = parseExactJson(text)
    return isFields(value) ? value : {}
  } catch {
    return {} // a proxy's page: its HTTP status says what there is to say
  }
}

const tokensOf = (data: Fields): Tokens => ({
  accessToken: String(data.accessToken),
  refreshToken: String(data.refreshToken),
  accessTokenExpiresInSeconds: Number(data.accessTokenExpiresInSeconds),
  refreshTokenExpiresInSeconds: Number(data.refreshTokenExpiresInSeconds),
})

/** Logs in, and makes the account at its first use where the server allows it. Earlier sessions may end by it. */
export async function login(baseUrl: string, username: string, password: string): Promise<Session> {
  const data = await call(baseUrl, '/auth/login', { body: { username, password } })
  return { userId: String(data.userId), ...tokensOf(data) }
}

/** New tokens for a refresh token, which is used up by it. */
export async function refresh(baseUrl: string, refreshToken: string): Promise<Tokens> {
  return tokensOf(await call(baseUrl, '/auth/refresh', { body: { refreshToken } }))
}

/** Whether an access token is good now; `reason` says why not. */
export async function verify(
  baseUrl: string,
  accessToken: string,
): Promise<{ ok: boolean; userId?: string; reason?: string }> {
  const data = await call(baseUrl, '/auth/verify', { body: { accessToken } })
  return {
    ok: data.ok === true,
    ...(data.userId !== undefined && { userId: String(data.userId) }),
    ...(typeof data.reason === 'string' && { reason: data.reason }),
  }
}

/** Ends all sessions of the user, on all devices. */
export async function logout(baseUrl: string, accessToken: string): Promise<void> {
  await call(baseUrl, '/auth/logout', { accessToken })
}

/** The user of that name. Rejects with AccountError 40400 when there is none. */
export async function findUser(
  baseUrl: string,
  accessToken: string,
  username: string,
): Promise<{ userId: string; username: string }> {
  const path = `/auth/users?username=${encodeURIComponent(username)}`
  const data = await call(baseUrl, path, { method: 'GET', accessToken })
  return { userId: String(data.userId), username: String(data.username) }
}
