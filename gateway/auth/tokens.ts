import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify, SignJWT } from 'jose'
import { type DevicePolicy, readDevicePolicy } from '../../protocol/device-policy.ts'
import { parseExactJson } from '../../protocol/exact-json.ts'
import { isUserId, type UserId } from '../../protocol/ids.ts'
import { readTokenKeys, type TokenKeys, type TokenSettings } from './token-keys.ts'

/** What a valid access token says. */
export interface Session {
  readonly user: UserId
  /** Session version; a token without one has 0. */
  readonly sv: number
  readonly device?: string
  /** The claim `device_policy`. */
  readonly policy?: DevicePolicy
  readonly role?: string | readonly string[]
  /** ms since 1970. */
  readonly expiresAt: number
}

export type Verification =
  | { readonly ok: true; readonly session: Session }
  | { readonly ok: false; readonly reason: 'invalid' | 'expired' }

export interface AccessClaims {
  readonly userId: number
  readonly sv: number
  readonly lifeSeconds: number
}

/** Longer tokens are refused unread: a session fits many times over. */
export const MAX_TOKEN_CHARACTERS = 8192

/** Longest `device` claim: it becomes part of a cursor's key. */
const MAX_DEVICE_CHARACTERS = 64

/** Verifies and signs access tokens with the one algorithm configured. Source: the JSON contract, "Authentication". */
export class Tokens {
  readonly #keys: TokenKeys
  readonly #settings: TokenSettings
  readonly #options: JWTVerifyOptions

  private constructor(settings: TokenSettings, keys: TokenKeys) {
    this.#settings = settings
    this.#keys = keys
    this.#options = {
      // A token's own `alg` is never believed: `none`, or HMAC under a public key, would be accepted otherwise.
      algorithms: [settings.JWT_ALGORITHM],
      issuer: settings.JWT_ISSUER,
      requiredClaims: ['exp'],
    }
  }

  /** `secret` is needed for HS256 only. Rejects when the settings give no usable key. */
  static async create(settings: TokenSettings, secret?: string): Promise<Tokens> {
    return new Tokens(settings, await readTokenKeys(settings, secret))
  }

  /** Whether this server issues tokens, or only verifies somebody else's. */
  get canSign(): boolean {
    return this.#keys.sign !== undefined
  }

  /** Rejects only when the keys cannot be had (a JWKS server out of reach), never for what the token holds. */
  async verifyAccessToken(token: string): Promise<Verification> {
    if (token.length > MAX_TOKEN_CHARACTERS) return invalid
    try {
      const session = readSession(await this.#verify(token), token)
      return session ? { ok: true, session } : invalid
    } catch (error) {
      if (error instanceof errors.JWTExpired) return expired
      if (tokenFaults.some(fault => error instanceof fault)) return invalid
      throw error
    }
  }

  signAccessToken({ userId, sv, lifeSeconds }: AccessClaims): Promise<string> {
    const key = this.#keys.sign
    if (!key) throw new Error('this server verifies tokens but does not issue them')
    const now = Math.floor(Date.now() / 1000)
    return new SignJWT({ uid: userId, typ: 'access', sv })
      .setProtectedHeader({ alg: this.#settings.JWT_ALGORITHM, typ: 'JWT' })
      .setIssuer(this.#settings.JWT_ISSUER)
      .setSubject(String(userId))
      .setIssuedAt(now)
      .setExpirationTime(now + lifeSeconds)
      .sign(key)
  }

  async #verify(token: string): Promise<JWTPayload> {
    const key = this.#keys.verify
    const verified =
      typeof key === 'function'
        ? await jwtVerify(token, key, this.#options)
        : await jwtVerify(token, key, this.#options)
    return verified.payload
  }
}

const invalid = { ok: false, reason: 'invalid' } as const
const expired = { ok: false, reason: 'expired' } as const

/** jose's errors that say something about the token; all others are about keys or the way to them. */
const tokenFaults = [
  errors.JWTClaimValidationFailed,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
]

/** The session of a verified payload, or undefined when a claim is not what it has to be. */
function readSession(payload: JWTPayload, token: string): Session | undefined {
  const { typ, sv = 0, device, role, exp, device_policy } = payload
  const user = readUser(payload, token)
  if (user === undefined || exp === undefined) return undefined
  if (typ !== undefined && typ !== 'access') return undefined
  if (typeof sv !== 'number' || !Number.isSafeInteger(sv) || sv < 0) return undefined
  if (device !== undefined && !isDevice(device)) return undefined
  if (role !== undefined && !isRole(role)) return undefined
  const policy = readDevicePolicy(device_policy)
  if (device_policy !== undefined && policy === undefined) return undefined
  return {
    user,
    sv,
    expiresAt: Math.min(exp * 1000, Number.MAX_SAFE_INTEGER),
    ...(device !== undefined && { device }),
    ...(role !== undefined && { role }),
    ...(policy && { policy }),
  }
}

function readUser(payload: JWTPayload, token: string): UserId | undefined {
  const claim = userClaim(payload)
  const exact = typeof claim === 'number' && !Number.isSafeInteger(claim) ? exactUserClaim(token) : claim
  const user = Number.isSafeInteger(exact) ? String(exact) : exact
  return isUserId(user) ? user : undefined
}

const userClaim = (payload: Record<string, unknown>): unknown => payload.uid ?? payload.user_id ?? payload.sub

/** The claim read again from the token's text: a parsed number beyond 2^53 has lost its last digits. */
function exactUserClaim(token: string): unknown {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  return userClaim(parseExactJson(payload) as Record<string, unknown>)
}

const isDevice = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) && value.length <= MAX_DEVICE_CHARACTERS

const isRole = (value: unknown): value is string | string[] =>
  typeof value === 'string' || (Array.isArray(value) && value.every(item => typeof item === 'string'))

export const hasRole = (session: Session, role: string): boolean =>
  typeof session.role === 'string' ? session.role === role : (session.role?.includes(role) ?? false)
