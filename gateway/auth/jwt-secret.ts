import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../../runtime/logger.ts'
import type { Settings } from '../../runtime/settings.ts'

/** HS256 is as strong as its key; RFC 7518, 3.2 asks for at least the hash's length. */
export const MIN_SECRET_BYTES = 32

/**
 * The HS256 secret: JWT_SECRET, or one made at the first start and kept in DATA_DIR/jwt-secret. Undefined where
 * another algorithm is configured, which needs none.
 */
export async function readJwtSecret(
  settings: Pick<Settings, 'JWT_ALGORITHM' | 'JWT_SECRET' | 'DATA_DIR'>,
  logger: Logger,
): Promise<string | undefined> {
  if (settings.JWT_ALGORITHM !== 'HS256') return undefined
  if (settings.JWT_SECRET === undefined) return readKeptSecret(settings.DATA_DIR, logger)
  const bytes = Buffer.byteLength(settings.JWT_SECRET)
  // Deployments that bring their own tokens bring their secrets: refusing would lock them out.
  if (bytes < MIN_SECRET_BYTES) logger.warn({ bytes, least: MIN_SECRET_BYTES }, 'JWT_SECRET is short')
  return settings.JWT_SECRET
}

async function readKeptSecret(dataDir: string, logger: Logger): Promise<string> {
  const path = join(dataDir, 'jwt-secret')
  await mkdir(dataDir, { recursive: true })
  if (await createOnce(path)) logger.info({ path }, 'made a secret for access tokens')
  const secret = (await readFile(path, 'utf8')).trim()
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) throw new Error(`${path} holds no usable secret`)
  const mode = (await stat(path)).mode & 0o777
  if (mode & 0o077)
    logger.warn({ path, mode: mode.toString(8) }, 'others may read the secret of access tokens')
  return secret
}

/** Answers whether this call made the file. It appears complete: a link to a written and synced file. */
async function createOnce(path: string): Promise<boolean> {
  if (await exists(path)) return false
  const draft = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`
  try {
    await writeSynced(draft, `${randomBytes(MIN_SECRET_BYTES).toString('base64url')}\n`)
    await link(draft, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    await unlink(draft).catch(() => undefined)
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    error => {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    },
  )

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined
