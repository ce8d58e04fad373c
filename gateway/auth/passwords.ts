import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { Slots } from './slots.ts'

/** Longer passwords are refused before any work is done for them. */
export const MAX_PASSWORD_BYTES = 1024

/**
 * Hashes worked on at once; others wait. Each takes 32 MiB and a thread of libuv's four, which file and
 * signature work need too.
 */
export const HASHES_AT_ONCE = 2

/** 2^15 blocks of 1 KiB: 32 MiB and about 60 ms. Old hashes keep the parameters they were made with. */
const COST = { ln: 15, r: 8, p: 1 }
const SALT_BYTES = 16
const HASH_BYTES = 32

/** Bounds on what a stored hash may ask for, so that a damaged row cannot take the memory of the process. */
const MOST = { ln: 20, r: 32, p: 16 }

/** `$scrypt$ln=15,r=8,p=1$salt$hash`: the PHC string format, unpadded Base64. */
const FORMAT =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{1,128})\$([A-Za-z0-9+/]{43,128})$/

const slots = new Slots(HASHES_AT_ONCE)

/** scrypt, not argon2id: Node 24 has the latter as a release candidate only. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const hash = await derive(password, salt, HASH_BYTES, COST)
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${encode(salt)}$${encode(hash)}`
}

/** Throws when `stored` is not a hash of ours. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [, ln, r, p, salt = '', hash = ''] = FORMAT.exec(stored) ?? []
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) }
  if (
    !(
      cost.ln >= 1 &&
      cost.ln <= MOST.ln &&
      cost.r >= 1 &&
      cost.r <= MOST.r &&
      cost.p >= 1 &&
      cost.p <= MOST.p
    )
  )
    throw new Error('a stored password hash cannot be read')
  const expected = Buffer.from(hash, 'base64')
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64'), expected.length, cost), expected)
}

/** Takes as long as a verification, so that an answer's time does not tell which names have an account. */
export async function verifyNothing(password: string): Promise<false> {
  await derive(password, Buffer.alloc(SALT_BYTES), HASH_BYTES, COST)
  return false
}

/** NFC, as RFC 8265 asks: the same password typed on two keyboards is the same. */
const derive = (password: string, salt: Buffer, length: number, cost: typeof COST): Promise<Buffer> =>
  slots.run(() => runScrypt(Buffer.from(password.normalize('NFC')), salt, length, optionsOf(cost)))

const optionsOf = ({ ln, r, p }: typeof COST): ScryptOptions => ({
  N: 2 ** ln,
  r,
  p,
  // Node's limit counts the block mix too, hence one more than 128 × N × r.
  maxmem: 128 * r * (2 ** ln + p + 2),
})

const runScrypt = (password: Buffer, salt: Buffer, length: number, options: ScryptOptions): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, hash) => (error ? reject(error) : resolve(hash)))
  })

const encode = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')
