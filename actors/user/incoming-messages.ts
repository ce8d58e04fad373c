import type { LogEntry } from '../../messaging/message-log.ts'
import { directConversation, directFeed, directPeer, parseSeq, type UserId } from '../../protocol/ids.ts'
import type { ConversationCursor, IncomingQuery, MessageStore } from '../../storage/store.ts'
import type { FeedReader } from '../feed-reader.ts'

const TAIL_PAGE = 500

/** What was sent to a user, conversation by conversation: saved messages from the database, later ones from the log. */
export class IncomingMessages {
  readonly #user: UserId
  readonly #messages: MessageStore
  readonly #reader: FeedReader

  constructor(user: UserId, messages: MessageStore, reader: FeedReader) {
    this.#user = user
    this.#messages = messages
    this.#reader = reader
  }

  /** Up to `limit` unread messages of a conversation, the newest or the oldest of them first. */
  async unread(query: Omit<IncomingQuery, 'user'>): Promise<readonly LogEntry[]> {
    const saved = await this.#messages.incoming({ ...query, user: this.#user })
    if (query.order === 'oldest' && saved.entries.length >= query.limit) return saved.entries
    const tail = await this.#unsaved(saved.position, entry => isUnread(entry, query, this.#user))
    const all = query.order === 'oldest' ? [...saved.entries, ...tail] : [...tail.reverse(), ...saved.entries]
    return all.slice(0, query.limit)
  }

  /** The newest unread message of each conversation, as far as it has one. */
  async newest(cursors: readonly ConversationCursor[]): Promise<ReadonlyMap<string, LogEntry>> {
    const saved = await this.#messages.newestIncoming(this.#user, cursors)
    const byConversation = new Map(cursors.map(cursor => [cursor.conversation, cursor]))
    const tail = await this.#unsaved(saved.position, entry => {
      const cursor = byConversation.get(this.#conversationOf(entry))
      return cursor !== undefined && isUnread(entry, cursor, this.#user)
    })
    return new Map([...saved.entries, ...tail].map(entry => [this.#conversationOf(entry), entry]))
  }

  /**
   * The messages of a conversation that are meant by these ids: their senders' own, or else serverMsgIds. Undefined
   * when one of them is unknown.
   */
  async named(conversation: string, ids: readonly string[]): Promise<readonly LogEntry[] | undefined> {
    const sender = directPeer(conversation, this.#user)
    if (sender === undefined) return undefined
    const seqs = ids.flatMap(id => parseSeq(id) ?? [])
    const saved = await this.#messages.named({ conversation, sender, clientMsgIds: ids, seqs })
    const found = namesOf(saved.entries)
    if (!ids.every(id => found.has(id))) {
      const tail = await this.#unsaved(saved.position, entry => entry.entry.from === sender)
      for (const [name, entry] of namesOf(tail)) if (!found.has(name)) found.set(name, entry)
    }
    const named = ids.map(id => found.get(id))
    return named.every(entry => entry !== undefined) ? named : undefined
  }

  async #unsaved(position: number, wanted: (entry: LogEntry) => boolean): Promise<LogEntry[]> {
    const tail: LogEntry[] = []
    for (let after = position; ; ) {
      const page = await this.#reader.read(directFeed(this.#user), after, TAIL_PAGE)
      tail.push(...page.filter(wanted))
      after = page.at(-1)?.seq ?? after
      if (page.length < TAIL_PAGE) return tail
    }
  }

  #conversationOf({ entry }: LogEntry): string {
    return directConversation(entry.from, this.#user)
  }
}

const isUnread = ({ seq, entry }: LogEntry, cursor: ConversationCursor, user: UserId): boolean =>
  seq > cursor.readSeq &&
  directConversation(entry.from, user) === cursor.conversation &&
  !cursor.single.includes(seq)

/** By both of their names; a sender's own id goes before the same text as a serverMsgId. */
function namesOf(entries: readonly LogEntry[]): Map<string, LogEntry> {
  const names = new Map(entries.map(entry => [String(entry.seq), entry]))
  for (const entry of entries) if (entry.entry.clientMsgId !== '') names.set(entry.entry.clientMsgId, entry)
  return names
}
