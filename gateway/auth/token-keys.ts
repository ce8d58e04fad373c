import { type CryptoKey, createRemoteJWKSet, importSPKI, type JWTVerifyGetKey } from 'jose'
import type { Settings } from '../../runtime/settings.ts'

export type TokenSettings = Pick<Settings, 'JWT_ALGORITHM' | 'JWT_ISSUER' | 'JWT_PUBLIC_KEY' | 'JWKS_URL'>

/** `sign` is absent where somebody else issues the tokens and only a public key is known here. */
export interface TokenKeys {
  readonly verify: CryptoKey | JWTVerifyGetKey
  readonly sign?: CryptoKey
}

/** Imports the key once, so that a verification costs the signature only. Throws on unusable settings. */
export async function readTokenKeys(settings: TokenSettings, secret: string | undefined): Promise<TokenKeys> {
  const { JWT_ALGORITHM: algorithm, JWT_PUBLIC_KEY: pem, JWKS_URL: url } = settings
  if (algorithm === 'HS256') {
    if (!secret) throw new Error('HS256 tokens need a secret')
    const key = await importSecret(secret)
    return { verify: key, sign: key }
  }
  if (pem) return { verify: await importSPKI(pem, algorithm) }
  if (url) return { verify: createRemoteJWKSet(new URL(url)) }
  throw new Error(`${algorithm} tokens need JWT_PUBLIC_KEY or JWKS_URL`)
}

const importSecret = (secret: string): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', new TextEncoder().encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ])
