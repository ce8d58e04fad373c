import { directConversation, directFeed, type UserId } from '../../protocol/ids.ts'
import type { FeedReader } from '../feed-reader.ts'
import type { MessageStatus, Synced, SyncedMessage } from './contract.ts'

/** Source: the MessagePack contract, "100 a page". */
export const SYNC_PAGE = 100
/** Bytes of texts of a page, which is to fit into one value on the bus and one frame; a larger message is one by itself. */
const PAGE_BYTES = 524_288
/** Entries read at once. */
const READ_AT_ONCE = 50

export interface SyncingParts {
  readonly reader: FeedReader
  /** Whether a device of the user's has acknowledged what has this seq in the user's own feed. */
  readonly isDelivered: (seq: number) => boolean
  /** Says of the messages of a conversation whether they are read. */
  readonly whatIsRead: () => Promise<(conversation: string, seq: number) => boolean>
}

/** Direct messages to the user after a seq, delivered or not, page by page: saved and unsaved ones as one sequence. */
export class Syncing {
  readonly #user: UserId
  readonly #parts: SyncingParts

  constructor(user: UserId, parts: SyncingParts) {
    this.#user = user
    this.#parts = parts
  }

  async page(after: number): Promise<Synced> {
    const isRead = await this.#parts.whatIsRead()
    const messages: SyncedMessage[] = []
    let bytes = 0
    for (let last = after; ; ) {
      const entries = await this.#parts.reader.read(directFeed(this.#user), last, READ_AT_ONCE)
      for (const { seq, entry, revoked } of entries) {
        last = seq
        if (entry.kind !== 'direct' || revoked) continue
        bytes += Buffer.byteLength(entry.body)
        if (messages.length > 0 && bytes > PAGE_BYTES) return { messages, hasMore: true }
        const read = isRead(directConversation(entry.from, this.#user), seq)
        messages.push({ seq, entry, status: this.#statusOf(seq, read) })
        if (messages.length === SYNC_PAGE) return { messages, hasMore: true }
      }
      if (entries.length < READ_AT_ONCE) return { messages, hasMore: false }
    }
  }

  #statusOf(seq: number, read: boolean): MessageStatus {
    if (read) return 'read'
    return this.#parts.isDelivered(seq) ? 'delivered' : 'sent'
  }
}
