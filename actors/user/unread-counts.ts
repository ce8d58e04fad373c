import type { LogEntry } from '../../messaging/message-log.ts'
import { isMessage, type MessageEntry } from '../../protocol/entries.ts'
import { HomingError } from '../../protocol/errors.ts'
import {
  directConversation,
  directFeed,
  type Feed,
  groupConversation,
  parseConversation,
  type UserId,
} from '../../protocol/ids.ts'
import { delay } from '../../runtime/backoff.ts'
import type { ConversationRow, Store, UnreadRows, UserRows } from '../../storage/store.ts'
import type { CursorWriter } from '../cursor-writer.ts'
import type { FeedReader } from '../feed-reader.ts'
import type { Unread } from './contract.ts'
import type { IncomingMessages } from './incoming-messages.ts'
import type { Memberships } from './memberships.ts'

const TAIL_PAGE = 500
/** A turn waits for the saver no longer than this many times that many ms. */
const SETTLE_ATTEMPTS = 20
const SETTLE_EVERY_MS = 50
/** Messages of a conversation that may be read one by one beyond the cursor. */
export const MAX_SINGLE = 1000

interface Conversation {
  /** Everything up to it is read. */
  readSeq: number
  /** The last message to the user that has been counted. */
  lastSeq: number
  unread: number
}

/**
 * A user's read cursors and what lies after them. The counts are made from rows and log when first asked for,
 * kept up by what comes, and made anew when a cursor stops in the middle of what was counted. A message that is
 * taken back stays counted until it is read: a count never depends on what a message says.
 *
 * `settledBy`: what earlier activations sent is in the database once the saver has passed it.
 */
export class UnreadCounts {
  readonly #user: UserId
  readonly #store: Store
  readonly #reader: FeedReader
  readonly #cursors: CursorWriter
  readonly #incoming: IncomingMessages
  readonly #memberships: Memberships
  /** Cursors moved in this activation, written or not. */
  readonly #moved = new Map<string, number>()
  /** What is read one by one beyond the cursor, ascending. */
  readonly #single = new Map<string, readonly number[]>()
  #counted: Map<string, Conversation> | undefined
  /** Up to where each feed has been counted, beyond what was when counting began. */
  readonly #lastCounted = new Map<Feed, number>()
  #countedFrom = 0
  /** For each count under way, the entries that came meanwhile. */
  readonly #arriving = new Set<LogEntry[]>()
  /** Grows with every move of a cursor: a count that was under way then is not kept. */
  #moves = 0

  constructor(
    user: UserId,
    store: Store,
    reader: FeedReader,
    cursors: CursorWriter,
    incoming: IncomingMessages,
    memberships: Memberships,
  ) {
    this.#user = user
    this.#store = store
    this.#reader = reader
    this.#cursors = cursors
    this.#incoming = incoming
    this.#memberships = memberships
  }

  /** To be called once, before anything is read. */
  restore({ single }: Pick<UserRows, 'single'>): void {
    for (const { conversation, seqs } of single) this.#single.set(conversation, seqs)
  }

  async list(settledBy: number): Promise<readonly Unread[]> {
    return (await this.cursors(settledBy)).map(({ conversation, unread }) => ({ conversation, unread }))
  }

  /** The conversations with something unread. */
  async cursors(settledBy: number): Promise<readonly ConversationRow[]> {
    const counted = await this.#current(settledBy)
    return [...counted.keys()].flatMap(conversation => {
      const row = this.#row(conversation, counted)
      return row.unread > 0 && this.#isOpen(conversation) ? [row] : []
    })
  }

  async cursor(conversation: string, settledBy: number): Promise<ConversationRow> {
    return this.#row(conversation, await this.#current(settledBy))
  }

  /** Says of messages to the user whether they are read. */
  async whatIsRead(settledBy: number): Promise<(conversation: string, seq: number) => boolean> {
    const counted = await this.#current(settledBy)
    return (conversation, seq) => {
      const { readSeq, single } = this.#row(conversation, counted)
      return seq <= readSeq || single.includes(seq)
    }
  }

  /** A message to the user has been stored. */
  incoming(entry: LogEntry): void {
    for (const arrived of this.#arriving) arrived.push(entry)
    if (!this.#counted) return
    this.#add(this.#counted, entry)
    this.#noteCounted(entry)
  }

  /** The user has read up to `seq`; written behind. */
  read(conversation: string, seq: number): void {
    if (this.#move(conversation, seq)) this.#write(conversation, seq)
  }

  /**
   * The user has read these messages to the user, whatever lies before them; written behind. The cursor moves over
   * what is read without a gap. False, and nothing done, when too many would lie beyond it.
   */
  async readSome(conversation: string, seqs: readonly number[], settledBy: number): Promise<boolean> {
    const counted = await this.#current(settledBy)
    const state = counted.get(conversation)
    const single = this.#singleOf(conversation)
    const fresh = seqs.filter(seq => state && seq > state.readSeq && !single.includes(seq))
    if (!state || fresh.length === 0) return true
    const { readSeq } = state
    const read = [...single, ...fresh].sort((a, b) => a - b)
    const [gap] = await this.#incoming.unread({
      conversation,
      readSeq,
      single: read,
      order: 'oldest',
      limit: 1,
    })
    const contiguous = gap ? read.filter(seq => seq < gap.seq) : read
    const beyond = read.slice(contiguous.length)
    if (beyond.length > MAX_SINGLE) return false
    state.readSeq = contiguous.at(-1) ?? readSeq
    state.unread -= fresh.length
    this.#moves++
    if (this.#counted !== counted) this.#counted = undefined
    this.#moved.set(conversation, Math.max(state.readSeq, this.#movedTo(conversation)))
    this.#single.set(conversation, beyond)
    this.#write(conversation, state.readSeq)
    return true
  }

  /** The user has sent message `seq`. Nothing to write: the rows tell it. */
  sent(conversation: string, seq: number): void {
    this.#move(conversation, seq)
  }

  /** What was counted may be wrong: the user is in a group from some seq on, or a message was saved late. */
  recount(): void {
    this.#moves++
    this.#counted = undefined
  }

  #noteCounted({ feed, seq }: LogEntry): void {
    this.#lastCounted.set(feed, Math.max(this.#lastCounted.get(feed) ?? 0, seq))
  }

  /** What a user who has left a group had not read is no longer waiting. */
  #isOpen(conversation: string): boolean {
    const name = parseConversation(conversation)
    return name?.kind !== 'group' || this.#memberships.isMember(name.groupId)
  }

  #write(conversation: string, seq: number): void {
    this.#cursors.read({ user: this.#user, conversation, seq, single: this.#singleOf(conversation) })
  }

  #row(conversation: string, counted: ReadonlyMap<string, Conversation>): ConversationRow {
    const { readSeq, unread } = counted.get(conversation) ?? {
      readSeq: this.#movedTo(conversation),
      unread: 0,
    }
    return { conversation, readSeq, unread, single: this.#singleOf(conversation) }
  }

  #movedTo(conversation: string): number {
    return this.#moved.get(conversation) ?? 0
  }

  #singleOf(conversation: string): readonly number[] {
    return this.#single.get(conversation) ?? []
  }

  #move(conversation: string, seq: number): boolean {
    if (seq <= this.#movedTo(conversation)) return false
    this.#moves++
    this.#moved.set(conversation, seq)
    const single = this.#single.get(conversation)?.filter(other => other > seq)
    if (single) this.#single.set(conversation, single)
    const counted = this.#counted?.get(conversation)
    if (!counted || seq <= counted.readSeq) return true
    if (seq >= counted.lastSeq) {
      counted.readSeq = seq
      counted.unread = 0
    } else this.#counted = undefined
    return true
  }

  /** What was acknowledged to its sender is counted, also where its live copy is still on its way. */
  async #current(settledBy: number): Promise<Map<string, Conversation>> {
    const counted = this.#counted
    if (!counted) return await this.#count(settledBy)
    await this.#addTail(counted, this.#countedFrom, this.#lastCounted)
    return this.#counted ?? counted
  }

  async #count(settledBy: number): Promise<Map<string, Conversation>> {
    const moves = this.#moves
    const arrived: LogEntry[] = []
    this.#arriving.add(arrived)
    try {
      await this.#cursors.flush()
      const rows = await this.#settledRows(settledBy)
      const counted = new Map<string, Conversation>()
      for (const row of rows.conversations) counted.set(row.conversation, this.#counting(row, rows.position))
      await this.#addTail(counted, rows.position)
      for (const entry of arrived) this.#add(counted, entry)
      if (moves === this.#moves) {
        this.#counted = counted
        this.#countedFrom = rows.position
        this.#lastCounted.clear()
        for (const entry of arrived) this.#noteCounted(entry)
      }
      return counted
    } finally {
      this.#arriving.delete(arrived)
    }
  }

  /** What earlier activations sent says what has been read: until it is saved, nobody can count. */
  async #settledRows(settledBy: number): Promise<UnreadRows> {
    for (let attempt = 0; attempt < SETTLE_ATTEMPTS; attempt++) {
      const rows = await this.#store.messages.unread(this.#user)
      if (rows.position >= settledBy) return rows
      await delay(SETTLE_EVERY_MS)
    }
    throw new HomingError('server_busy', 'what was sent before is not saved yet')
  }

  #counting({ conversation, readSeq, single, unread }: ConversationRow, position: number): Conversation {
    // What the user sent is read up to there, although its row may still be on its way.
    const moved = this.#movedTo(conversation)
    if (single.length > 0) {
      this.#single.set(
        conversation,
        single.filter(seq => seq > moved),
      )
    }
    return moved > position
      ? { readSeq: moved, lastSeq: position, unread: 0 }
      : { readSeq, lastSeq: position, unread }
  }

  /** `lastCounted`: where feeds begin that have been counted further than the others. */
  async #addTail(
    counted: Map<string, Conversation>,
    position: number,
    lastCounted: ReadonlyMap<Feed, number> = new Map(),
  ): Promise<void> {
    for (const feed of [directFeed(this.#user), ...this.#memberships.current()])
      await this.#addTailOf(feed, counted, Math.max(position, lastCounted.get(feed) ?? 0))
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

  #add(counted: Map<string, Conversation>, { seq, feed, entry }: LogEntry): void {
    if (!isMessage(entry)) return
    const id = this.#conversationOf(entry)
    if (entry.from === this.#user) {
      this.#addOwn(counted, id, seq)
      return
    }
    if (entry.kind === 'group' && !this.#memberships.isVisible(feed, seq)) return
    const conversation = counted.get(id) ?? { readSeq: this.#movedTo(id), lastSeq: 0, unread: 0 }
    counted.set(id, conversation)
    if (seq <= conversation.lastSeq) return
    conversation.lastSeq = seq
    if (!this.#isRead(id, conversation, seq)) conversation.unread++
  }

  /** The user's own words in a group, which come back in its feed: everything before them is read. */
  #addOwn(counted: Map<string, Conversation>, id: string, seq: number): void {
    this.#move(id, seq)
    const own = counted.get(id)
    if (own && own.lastSeq < seq) counted.set(id, { readSeq: seq, lastSeq: seq, unread: 0 })
  }

  #isRead(id: string, { readSeq }: Conversation, seq: number): boolean {
    return seq <= Math.max(readSeq, this.#movedTo(id)) || this.#singleOf(id).includes(seq)
  }

  #conversationOf(entry: MessageEntry): string {
    return entry.kind === 'group'
      ? groupConversation(entry.group)
      : directConversation(entry.from, this.#user)
  }
}
