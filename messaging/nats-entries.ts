import type { Entry } from '../protocol/entries.ts'
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

/** Throws when the payload is no entry. */
export const logEntry = ({ seq, subject, payload }: StoredMessage): LogEntry => ({
  seq,
  feed: nameOf(subject),
  entry: decodeEntry(payload),
})
