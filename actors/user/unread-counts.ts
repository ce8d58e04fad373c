import type { LogEntry } from '../../messaging/message-log.ts'
import { isMessage, type RevocationEntry } from '../../protocol/entries.ts'
import {
  directConversation,
  directFeed,
  type Feed,
  groupConversation,
  groupFeed,
  parseConversation,
  type UserId,
} from '../../protocol/ids.ts'
import type { Store } from '../../storage/store.ts'
import type { CursorWriter } from '../cursor-writer.ts'
import type { FeedReader } from '../feed-reader.ts'
import type { Unread } from './contract.ts'
import type { Memberships } from './memberships.ts'

const TAIL_PAGE = 500

interface Conversation {
  /** Everything up to it is read. */
  readSeq: number
  /** The last message to the user that has been counted. */
  lastSeq: number
  unread: number
}

/**
 * A user's read cursors and what lies after them. The counts are made from rows and log when first asked for,
 * kept up by what comes and goes, and made anew when a cursor stops in the middle of what was counted.
 */
export class UnreadCounts {
  readonly #user: UserId
  readonly #store: Store
  readonly #reader: FeedReader
  readonly #cursors: CursorWriter
  readonly #memberships: Memberships
  /** Cursors moved in this activation, written or not. */
  readonly #moved = new Map<string, number>()
  #counted: Map<string, Conversation> | undefined
  /** Entries that came while counting. */
  #arrived: LogEntry[] | undefined

  constructor(
    user: UserId,
    store: Store,
    reader: FeedReader,
    cursors: CursorWriter,
    memberships: Memberships,
  ) {
    this.#user = user
    this.#memberships = memberships
    this.#store = store
    this.#reader = reader
    this.#cursors = cursors
  }

  /** `settledBy`: what earlier activations sent is in the database once the saver has passed it. */
  async list(settledBy: number): Promise<readonly Unread[]> {
    const counted = this.#counted ?? (await this.#count(settledBy))
    return [...counted].flatMap(([conversation, { unread }]) =>
      unread > 0 && this.#isOpen(conversation) ? [{ conversation, unread }] : [],
    )
  }

  /** A message to the user has been stored. */
  incoming(entry: LogEntry): void {
    this.#arrived?.push(entry)
    if (this.#counted) this.#add(this.#counted, entry)
  }

  /** The user has read up to `seq`; written behind. */
  read(conversation: string, seq: number): void {
    if (!this.#move(conversation, seq)) return
    this.#cursors.read({ user: this.#user, conversation, seq, single: [] })
  }

  /** The user has sent message `seq`. Nothing to write: the rows tell it. */
  sent(conversation: string, seq: number): void {
    this.#move(conversation, seq)
  }

  /** The user is in a group, or in again: its messages count from there. */
  joined(): void {
    this.#counted = undefined
  }

  /** What a user who has left a group had not read is no longer waiting. */
  #isOpen(conversation: string): boolean {
    const name = parseConversation(conversation)
    return name?.kind !== 'group' || this.#memberships.isMember(name.groupId)
  }

  #move(conversation: string, seq: number): boolean {
    if (seq <= (this.#moved.get(conversation) ?? 0)) return false
    this.#moved.set(conversation, seq)
    const counted = this.#counted?.get(conversation)
    if (!counted || seq <= counted.readSeq) return true
    if (seq >= counted.lastSeq) {
      counted.readSeq = seq
      counted.unread = 0
    } else this.#counted = undefined
    return true
  }

  async #count(settledBy: number): Promise<Map<string, Conversation>> {
    const arrived: LogEntry[] = []
    this.#arrived = arrived
    await this.#cursors.flush()
    const rows = await this.#store.messages.unread(this.#user)
    const counted = new Map<string, Conversation>()
    for (const { conversation, readSeq, unread } of rows.conversations) {
      // What the user sent is read up to there, although its row may still be on its way.
      const moved = this.#moved.get(conversation) ?? 0
      const unsaved = moved > rows.position
      counted.set(conversation, {
        readSeq: unsaved ? moved : readSeq,
        lastSeq: rows.position,
        unread: unsaved ? 0 : unread,
      })
    }
    await this.#addTail(counted, rows.position)
    for (const entry of arrived) this.#add(counted, entry)
    this.#arrived = undefined
    if (rows.position >= settledBy) this.#counted = counted
    return counted
  }

  async #addTail(counted: Map<string, Conversation>, position: number): Promise<void> {
    for (const feed of [directFeed(this.#user), ...this.#memberships.current()])
      await this.#addTailOf(feed, counted, position)
  }

  async #addTailOf(feed: Feed, counted: Map<string, Conversation>, position: number): Promise<void> {
    for (let after = position; ; ) {
      const tail = await this.#reader.read(feed, after, TAIL_PAGE)
      for (const entry of tail) {
        this.#add(counted, entry)
        after = entry.seq
      }
      if (tail.length < TAIL_PAGE) return
    }
  }

  #add(counted: Map<string, Conversation>, { seq, entry }: LogEntry): void {
    if (entry.kind === 'revocation') this.#takeBack(counted, seq, entry)
    if (!isMessage(entry)) return
    const isGroup = entry.kind === 'group'
    const id = isGroup ? groupConversation(entry.group) : directConversation(entry.from, this.#user)
    // The user's own words in a group, which come back in its feed: everything before them is read.
    if (entry.from === this.#user) {
      this.#move(id, seq)
      const own = counted.get(id)
      if (own && own.lastSeq < seq) counted.set(id, { readSeq: seq, lastSeq: seq, unread: 0 })
      return
    }
    if (isGroup && !this.#memberships.isVisible(groupFeed(entry.group), seq)) return
    const conversation = counted.get(id) ?? { readSeq: this.#moved.get(id) ?? 0, lastSeq: 0, unread: 0 }
    counted.set(id, conversation)
    if (seq <= conversation.lastSeq) return
    conversation.lastSeq = seq
    if (seq > Math.max(conversation.readSeq, this.#moved.get(id) ?? 0)) conversation.unread++
  }

  /** A message that was waiting to be read is not any more. */
  #takeBack(counted: Map<string, Conversation>, seq: number, { from, group, target }: RevocationEntry): void {
    const id = group === undefined ? directConversation(from, this.#user) : groupConversation(group)
    const conversation = counted.get(id)
    if (!conversation || seq <= conversation.lastSeq) return
    conversation.lastSeq = seq
    const readSeq = Math.max(conversation.readSeq, this.#moved.get(id) ?? 0)
    if (target > readSeq && conversation.unread > 0) conversation.unread--
  }
}
