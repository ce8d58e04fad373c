import type { LogEntry } from '../../messaging/message-log.ts'
import { eventOf, type PushedEvent } from '../../protocol/events.ts'
import type { Feed } from '../../protocol/ids.ts'
import type { PresenceStatus } from '../../protocol/presence.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { FeedReader } from '../feed-reader.ts'
import type { Pushes } from '../pushes.ts'
import type { Attached, Binding } from './contract.ts'
import { Delivery } from './delivery.ts'
import { type Audience, FeedPump } from './feed-pump.ts'

export interface AttachmentParts {
  readonly hostId: string
  readonly pushes: Pushes
  readonly reader: FeedReader
  readonly logger: Logger
  /** Called when a connection to which nothing is resent can be pushed to: what it has missed is for a summary. */
  readonly began: (attachment: Attachment) => void
  /** Called when a gateway has said that a connection of an earlier owner is there. */
  readonly confirmed: () => void
}

/**
 * waiting: it is not known whether the gateway holds the connection under this epoch, and nothing is pushed before it
 * is. stopped: it is not in the route any more.
 */
type AttachmentState = 'waiting' | 'confirmed' | 'stopped'

/** A connection of the route as its user's actor holds it: what it is pushed, and how far that has come. */
export class Attachment {
  readonly binding: Binding
  /** What its client has said last; its gateway remembers it for the next owner. */
  presence: PresenceStatus = 'online'
  readonly #parts: AttachmentParts
  readonly #pumps = new Map<Feed, FeedPump>()
  #epoch: number
  #n = 0
  #state: AttachmentState

  constructor(binding: Binding, epoch: number, confirmed: boolean, parts: AttachmentParts) {
    this.binding = binding
    this.#epoch = epoch
    this.#state = confirmed ? 'confirmed' : 'waiting'
    this.#parts = parts
  }

  /** Whether it is still to be confirmed. */
  get waits(): boolean {
    return this.#state === 'waiting'
  }

  /** Whether everything after a cursor is pushed, or only what is stored from now on. */
  get resends(): boolean {
    return this.binding.resend !== false
  }

  /** Adds a feed; everything after `cursor` is pushed, then what comes. Only for a connection that is resent to. */
  addFeed(feed: Feed, cursor: number, audience: Omit<Audience, 'send'>): void {
    const pump = new FeedPump({
      feed,
      delivery: new Delivery(cursor, this.binding.outstanding),
      reader: this.#parts.reader,
      audience: { ...audience, send: entry => this.push(eventOf(entry)) },
      logger: this.#parts.logger,
    })
    this.#pumps.set(feed, pump)
    if (this.#state === 'confirmed') pump.resume()
  }

  pump(feed: Feed): FeedPump | undefined {
    return this.#pumps.get(feed)
  }

  /** The feed in which an entry with this seq is outstanding here. */
  feedOf(seq: number): { feed: Feed; pump: FeedPump; entry: LogEntry } | undefined {
    for (const [feed, pump] of this.#pumps) {
      const entry = pump.delivery.outstanding(seq)
      if (entry) return { feed, pump, entry }
    }
    return undefined
  }

  push(event: PushedEvent): void {
    if (this.#state !== 'confirmed') return
    this.#n++
    this.#parts.pushes.push(this.binding.gatewayId, [this.binding.connId, this.#epoch, this.#n], event)
  }

  /** The owner's claim was renewed: pushes count from one again. */
  renew(epoch: number): void {
    this.#epoch = epoch
    this.#n = 0
  }

  /** The gateway has said that the connection is there, and how its client is. */
  confirm(presence: PresenceStatus = 'online'): Attached {
    if (this.waits) {
      this.#state = 'confirmed'
      this.presence = presence
      for (const pump of this.#pumps.values()) pump.resume()
      if (!this.resends) this.#parts.began(this)
      this.#parts.confirmed()
    }
    return this.attached
  }

  get attached(): Attached {
    return { ok: true, hostId: this.#parts.hostId, epoch: this.#epoch, n: this.#n }
  }

  /** Nothing is pushed any more. */
  stop(): void {
    this.#state = 'stopped'
    for (const pump of this.#pumps.values()) pump.stop()
  }
}
