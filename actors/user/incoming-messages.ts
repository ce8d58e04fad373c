import type { LogEntry } from '../../messaging/message-log.ts'
import { isMessage, type MessageEntry } from '../../protocol/entries.ts'
import {
  directConversation,
  directFeed,
  directPeer,
  type Feed,
  groupConversation,
  groupFeed,
  parseConversation,
  parseSeq,
  type UserId,
} from '../../protocol/ids.ts'
import type { ConversationCursor, IncomingQuery, MessageStore } from '../../storage/store.ts'
import type { FeedReader } from '../feed-reader.ts'

const TAIL_PAGE = 500

/** A message and its place in the log. */
export type StoredMessage = Omit<LogEntry, 'entry'> & { readonly entry: MessageEntry }

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
  async unread(query: Omit<IncomingQuery, 'user'>): Promise<readonly StoredMessage[]> {
    const { order, limit } = query
    const saved = await this.#messages.incoming({ ...query, user: this.#user })
    const tail = await this.#unsaved(this.#feedOf(query.conversation), saved.position)
    const unread = tail.messages.filter(message => this.#isUnread(message, query))
    const before = saved.entries.filter(isStoredMessage)
    const all = order === 'oldest' ? [...before, ...unread] : [...unread.reverse(), ...before]
    return all.slice(0, limit).map(message => marked(message, tail.takenBack))
  }

  /** The newest unread message of each conversation, as far as it has one. */
  async newest(cursors: readonly ConversationCursor[]): Promise<ReadonlyMap<string, StoredMessage>> {
    const saved = await this.#messages.newestIncoming(this.#user, cursors)
    const byConversation = new Map(cursors.map(cursor => [cursor.conversation, cursor]))
    const found = new Map<string, StoredMessage>()
    const take = (message: StoredMessage) => found.set(this.#conversationOf(message), message)
    saved.entries.filter(isStoredMessage).forEach(take)
    const takenBack = new Set<number>()
    for (const feed of new Set(cursors.map(({ conversation }) => this.#feedOf(conversation)))) {
      const { messages, takenBack: later } = await this.#unsaved(feed, saved.position)
      for (const message of messages) {
        const cursor = byConversation.get(this.#conversationOf(message))
        if (cursor && this.#isUnread(message, cursor)) take(message)
      }
      for (const seq of later) takenBack.add(seq)
    }
    return new Map([...found].map(([id, message]) => [id, marked(message, takenBack)]))
  }

  /**
   * The messages of a conversation that are meant by these ids: their senders' own, or else serverMsgIds. Undefined
   * when one of them is unknown. Of a group's only those after `readSeq` are looked for, and the others left out.
   */
  async named(
    { conversation, readSeq }: Pick<ConversationCursor, 'conversation' | 'readSeq'>,
    ids: readonly string[],
  ): Promise<readonly StoredMessage[] | undefined> {
    const sender = directPeer(conversation, this.#user)
    const seqs = ids.flatMap(id => parseSeq(id) ?? [])
    const from = sender === undefined ? { after: readSeq } : { sender }
    const saved = await this.#messages.named({ conversation, ...from, clientMsgIds: ids, seqs })
    const found = namesOf(saved.entries.filter(isStoredMessage))
    if (!ids.every(id => found.has(id))) {
      const { messages } = await this.#unsaved(this.#feedOf(conversation), saved.position)
      const theirs = messages.filter(message => this.#conversationOf(message) === conversation)
      for (const [name, message] of namesOf(theirs)) if (!found.has(name)) found.set(name, message)
    }
    const named = ids.flatMap(id => found.get(id) ?? [])
    return named.length === ids.length || sender === undefined ? named : undefined
  }

  /** Messages after the position, and which messages were taken back since, whenever they were stored. */
  async #unsaved(feed: Feed, position: number) {
    const messages: StoredMessage[] = []
    const takenBack = new Set<number>()
    for (let after = position; ; ) {
      const page = await this.#reader.read(feed, after, TAIL_PAGE)
      for (const stored of page) {
        if (isStoredMessage(stored)) messages.push(stored)
        else if (stored.entry.kind === 'revocation') takenBack.add(stored.entry.target)
      }
      after = page.at(-1)?.seq ?? after
      if (page.length < TAIL_PAGE) return { messages, takenBack }
    }
  }

  #isUnread(message: StoredMessage, cursor: ConversationCursor): boolean {
    return (
      message.seq > cursor.readSeq &&
      message.entry.from !== this.#user &&
      this.#conversationOf(message) === cursor.conversation &&
      !cursor.single.includes(message.seq)
    )
  }

  #conversationOf({ entry }: StoredMessage): string {
    return entry.kind === 'group'
      ? groupConversation(entry.group)
      : directConversation(entry.from, this.#user)
  }

  #feedOf(conversation: string): Feed {
    const name = parseConversation(conversation)
    return name?.kind === 'group' ? groupFeed(name.groupId) : directFeed(this.#user)
  }
}

const isStoredMessage = (stored: LogEntry): stored is StoredMessage => isMessage(stored.entry)

const marked = (message: StoredMessage, takenBack: ReadonlySet<number>): StoredMessage =>
  takenBack.has(message.seq) ? { ...message, revoked: true } : message

/** By both of their names; a sender's own id goes before the same text as a serverMsgId. */
function namesOf(messages: readonly StoredMessage[]): Map<string, StoredMessage> {
  const names = new Map(messages.map(message => [String(message.seq), message]))
  for (const message of messages)
    if (message.entry.clientMsgId !== '') names.set(message.entry.clientMsgId, message)
  return names
}
