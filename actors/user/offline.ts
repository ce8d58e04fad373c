import type { LogEntry } from '../../messaging/message-log.ts'
import { briefOf, type OfflineSummary } from '../../protocol/offline.ts'
import type { Acknowledgement, AcknowledgeResult, OfflineMessages } from './contract.ts'
import type { IncomingMessages, StoredMessage } from './incoming-messages.ts'
import type { UnreadCounts } from './unread-counts.ts'

export interface OfflineParts {
  readonly incoming: IncomingMessages
  readonly unread: UnreadCounts
  /** Whether the conversation is one that the user is in. */
  readonly isOpen: (conversation: string) => boolean
  /** Tells a message's sender that it is read. */
  readonly read: (message: LogEntry) => void
}

/**
 * What a user has not read, as lists, and how messages leave them: by the id, or all of a conversation. `settledBy`:
 * see UnreadCounts.
 */
export class Offline {
  readonly #parts: OfflineParts

  constructor(parts: OfflineParts) {
    this.#parts = parts
  }

  /** The conversations with something unread, the one with the newest of it first. */
  async summary(settledBy: number): Promise<readonly OfflineSummary[]> {
    const cursors = await this.#parts.unread.cursors(settledBy)
    const newest = await this.#parts.incoming.newest(cursors)
    const summary = cursors.flatMap(({ conversation, unread }): OfflineSummary[] => {
      const last = newest.get(conversation)
      return last ? [{ conversation, unread, brief: briefOfMessage(last), ts: last.entry.ts }] : []
    })
    return summary.sort((a, b) => b.ts - a.ts)
  }

  async messages(conversation: string, limit: number, settledBy: number): Promise<OfflineMessages> {
    const cursor = await this.#parts.unread.cursor(conversation, settledBy)
    const entries = await this.#parts.incoming.unread({ ...cursor, order: 'newest', limit: limit + 1 })
    const messages = entries.slice(0, limit).map(message => ({
      msgId: message.entry.clientMsgId || String(message.seq),
      seq: message.seq,
      brief: briefOfMessage(message),
      ts: message.entry.ts,
    }))
    return { messages, hasMore: entries.length > limit }
  }

  async acknowledge(
    { conversation, messages }: Acknowledgement,
    settledBy: number,
  ): Promise<AcknowledgeResult> {
    if (!this.#parts.isOpen(conversation)) return { reason: 'message_not_found' }
    const cursor = await this.#parts.unread.cursor(conversation, settledBy)
    if (messages === 'all') {
      const [newest] = await this.#parts.incoming.unread({ ...cursor, order: 'newest', limit: 1 })
      if (!newest) return null
      this.#parts.unread.read(conversation, newest.seq)
      this.#parts.read(newest)
      return null
    }
    const named = await this.#parts.incoming.named(cursor, messages)
    if (!named) return { reason: 'message_not_found' }
    const seqs = new Set(named.map(({ seq }) => seq))
    if (!(await this.#parts.unread.readSome(conversation, [...seqs], settledBy)))
      return { reason: 'too_many_beyond_cursor' }
    for (const message of named) if (seqs.delete(message.seq)) this.#parts.read(message)
    return null
  }
}

/** A message that was taken back still waits, but nobody is shown what it said. */
const briefOfMessage = ({ entry, revoked }: StoredMessage): string => briefOf(revoked ? '' : entry.body)
