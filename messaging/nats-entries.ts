import type { Entry } from '../protocol/entries.ts'
import type { Logger } from '../runtime/logger.ts'
import type { LogEntry } from './message-log.ts'
import { jsonOf } from './nats-bytes.ts'
import { nameOf, type StoredMessage } from './nats-stream.ts'

const CLAIM = /^im\.g?owner\./

export const isClaim = (subject: string): boolean => CLAIM.test(subject)

/** Throws when the payload is no entry. */
export function decodeEntry(payload: Uint8Array): Entry {
  const value = jsonOf(payload)
  const isEntry = typeof value === 'object' && value !== null && 'kind' in value
  if (!isEntry) throw new Error('not an entry')
  return value as Entry
}

/** Undefined, and said loudly, when the payload is no entry: one such must not make a feed unreadable. */
export function logEntry({ seq, subject, payload }: StoredMessage, logger: Logger): LogEntry | undefined {
  try {
    return { seq, feed: nameOf(subject), entry: decodeEntry(payload) }
  } catch (error) {
    logger.error({ err: error, subject, seq }, 'an entry cannot be decoded and is left out')
    return undefined
  }
}
