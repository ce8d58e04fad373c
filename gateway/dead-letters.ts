import { randomUUID } from 'node:crypto'
import type { ReplayResult, UserContract } from '../actors/user/contract.ts'
import { type AuditEvent, type AuditName, isAuditEvent } from '../protocol/audit.ts'
import type { Entry } from '../protocol/entries.ts'
import { isUserId, type UserId } from '../protocol/ids.ts'
import type { Actors } from '../runtime/actor-runtime.ts'
import type { DeadLetterRow, DeadLetterStore } from '../storage/audit-store.ts'

const EVENT_SUBJECT = 'im.event'
const ENTRY_SUBJECT = /^im\.((?:direct|group)\..+)$/

/** The admin who asks, and from where. */
export interface Admin {
  readonly user: UserId
  readonly address: string
}

export interface DeadLettersParts {
  readonly gatewayId: string
  readonly users: Actors<UserContract>
  readonly store: DeadLetterStore
}

/** What admins do about entries and events that could not be saved. */
export class DeadLetters {
  readonly #parts: DeadLettersParts

  constructor(parts: DeadLettersParts) {
    this.#parts = parts
  }

  list(after: number, limit: number): Promise<readonly DeadLetterRow[]> {
    return this.#parts.store.list(after, limit)
  }

  /** Tries once more to store a letter; an entry by its sender's actor. It stays a letter unless that is done. */
  async replay(seq: number, admin: Admin): Promise<ReplayResult> {
    const letter = await this.#parts.store.find(seq)
    if (!letter) return { outcome: 'gone' }
    const value = jsonOf(letter)
    const event = this.#event('dead-letter-replayed', letter, admin)
    if (letter.subject === EVENT_SUBJECT) {
      if (!isAuditEvent(value)) return refused('not an audit event')
      return this.#parts.store.replayEvent(seq, value, event)
    }
    const feed = ENTRY_SUBJECT.exec(letter.subject)?.[1]
    if (feed === undefined || !isEntry(value)) return refused('not an entry')
    // Memberships are a fold of the feed in its order: one that is too late would undo what has happened since.
    if (value.kind === 'notice') return refused('a change of a group is made again, not replayed')
    return this.#parts.users.call(value.from, 'replay', { seq, feed, entry: value, event })
  }

  /** Removes a letter for good. False when there is none. */
  async drop(seq: number, admin: Admin): Promise<boolean> {
    const letter = await this.#parts.store.find(seq)
    if (!letter) return false
    return this.#parts.store.drop(seq, this.#event('dead-letter-dropped', letter, admin))
  }

  #event(event: AuditName, letter: DeadLetterRow, { user: by, address }: Admin): AuditEvent {
    return {
      kind: 'event',
      id: `${event}:${letter.seq}:${randomUUID()}`,
      event,
      user: senderOf(letter)?.user ?? by,
      by,
      at: Date.now(),
      gatewayId: this.#parts.gatewayId,
      address,
      detail: { deadLetter: String(letter.seq), subject: letter.subject },
    }
  }
}

/** Who waits for an answer; a client's message id may have colons, a user id has none. */
export function senderOf({
  dedupeId = '',
}: DeadLetterRow): { user: UserId; clientMsgId: string } | undefined {
  const colon = dedupeId.indexOf(':')
  const user = dedupeId.slice(0, Math.max(colon, 0))
  return isUserId(user) ? { user, clientMsgId: dedupeId.slice(colon + 1) } : undefined
}

const refused = (detail: string): ReplayResult => ({ outcome: 'refused', detail })

/** Undefined when the payload is no JSON. */
function jsonOf({ payload }: DeadLetterRow): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString())
  } catch {
    return undefined
  }
}

/** As far as to know whose it is; storing it shows the rest. */
const isEntry = (value: unknown): value is Entry =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  typeof value.kind === 'string' &&
  'from' in value &&
  isUserId(value.from)
