import { createHash, randomBytes } from 'node:crypto'

const REFRESH_TOKEN_BYTES = 32

/** 256 random bits, Base64url. It says nothing: all that is known of it is in its row. */
export const newRefreshToken = (): string => randomBytes(REFRESH_TOKEN_BYTES).toString('base64url')

/** What the row has of it. A plain hash does: 256 random bits cannot be tried out, unlike a password. */
export const hashRefreshToken = (token: string): string => createHash('sha256').update(token).digest('hex')
