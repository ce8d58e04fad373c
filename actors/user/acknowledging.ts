import type { Bus } from '../../messaging/bus.ts'
import type { LogEntry } from '../../messaging/message-log.ts'
import { subjects } from '../../messaging/subjects.ts'
import type { PushEvent, ReceiptStatus } from '../../protocol/events.ts'
import { directConversation, type Feed, groupConversation, type UserId } from '../../protocol/ids.ts'
import type { CursorWriter } from '../cursor-writer.ts'
import type { FeedReader } from '../feed-reader.ts'
import type { Attachment } from './attachment.ts'
import type { DeliveredOp, OpResult, ReadOp } from './contract.ts'
import type { FeedPump } from './feed-pump.ts'
import type { UnreadCounts } from './unread-counts.ts'

export interface AcknowledgingParts {
  readonly bus: Bus
  readonly reader: FeedReader
  readonly cursors: CursorWriter
  readonly unread: UnreadCounts
  /** Whether the user was to get it. */
  readonly isMine: (stored: LogEntry) => boolean
  /** Whether the connection is given what the user's others send. */
  readonly sharesUser: (attachment: Attachment) => boolean
  /** Notes how far a device has come in a feed. */
  readonly moved: (device: string, feed: Feed, seq: number) => void
}

interface PumpedFeed {
  readonly feed: Feed
  readonly pump: FeedPump
}

/** What a user acknowledges: delivered moves a device's cursor in a feed, read moves a conversation's. */
export class Acknowledging {
  readonly #user: UserId
  readonly #parts: AcknowledgingParts
  #receipts = new Map<string, { status: ReceiptStatus; to: UserId; seqs: number[] }>()

  constructor(user: UserId, parts: AcknowledgingParts) {
    this.#user = user
    this.#parts = parts
  }

  /** A promise only where the message has to be looked up. */
  acknowledge(attachment: Attachment, op: DeliveredOp | ReadOp): OpResult | Promise<OpResult> {
    const pushed = attachment.feedOf(op.seq)
    if (!pushed) return this.#lookUp(attachment, op)
    const upTo = op.op === 'delivered' && op.upTo === true
    this.#acknowledge(attachment, pushed, op.seq, upTo)
    if (op.op === 'read') this.#read(pushed.entry)
    return null
  }

  /** Tells the senders, once for all operations of a turn. Best effort: the truth is the cursors. */
  sendReceipts(): void {
    if (this.#receipts.size === 0) return
    for (const { status, to, seqs } of this.#receipts.values()) {
      const event: PushEvent = { kind: 'receipt', status, seqs, from: this.#user }
      this.#parts.bus.publish(subjects.actorEvent('user', to), event)
    }
    this.#receipts = new Map()
  }

  /** A message that is not outstanding here: acknowledged before, pushed to an earlier connection, or not the user's. */
  async #lookUp(attachment: Attachment, op: DeliveredOp | ReadOp): Promise<OpResult> {
    const found = await this.#parts.reader.entry(op.seq)
    if (!found) return { reason: 'message_not_found' }
    // What another connection has sent was pushed here, and there is nothing to note.
    if (found.entry.from === this.#user && this.#parts.sharesUser(attachment)) return null
    if (!this.#parts.isMine(found)) return { reason: 'ack_not_allowed' }
    if (op.op === 'read') this.#read(found)
    const { feed } = found
    const pump = attachment.pump(feed)
    if (pump?.delivery.acknowledgeEarly(op.seq)) this.#receipt('delivered', found)
    // An owner before this one has pushed it, after what this one has pushed again: the client has that, too.
    if (pump && op.op === 'delivered' && op.upTo) this.#acknowledge(attachment, { feed, pump }, op.seq, true)
    return null
  }

  #acknowledge(attachment: Attachment, { feed, pump }: PumpedFeed, seq: number, upTo: boolean): void {
    for (const entry of pump.delivery.acknowledge(seq, upTo)) this.#receipt('delivered', entry)
    this.#parts.moved(attachment.binding.device, feed, pump.delivery.cursor)
    attachment.resume(pump)
  }

  /** Notes for the next `sendReceipts` that the message is read. */
  readReceipt(message: LogEntry): void {
    this.#receipt('read', message)
  }

  #read(message: LogEntry): void {
    const { entry, seq } = message
    if (entry.kind === 'direct') this.#parts.unread.read(directConversation(entry.from, this.#user), seq)
    else if (entry.kind === 'group' || entry.kind === 'notice')
      this.#parts.unread.read(groupConversation(entry.group), seq)
    this.readReceipt(message)
  }

  /** In a group nobody is told: its cursors are its members' own. */
  #receipt(status: ReceiptStatus, { seq, entry }: LogEntry): void {
    if (entry.kind !== 'direct') return
    const key = `${status} ${entry.from}`
    const receipt = this.#receipts.get(key)
    if (receipt) receipt.seqs.push(seq)
    else this.#receipts.set(key, { status, to: entry.from, seqs: [seq] })
  }
}
