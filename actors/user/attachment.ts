import type { LogEntry } from '../../messaging/message-log.ts'
import { eventOf, type PushedEvent } from '../../protocol/events.ts'
import type { Feed } from '../../protocol/ids.ts'
import type { PresenceStatus } from '../../protocol/presence.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { FeedReader } from '../feed-reader.ts'
import type { Pushes } from '../pushes.ts'
import type { Attached, Binding, DeliveryTerms } from './contract.ts'
import { Delivery } from './delivery.ts'
import { type Audience, FeedPump } from './feed-pump.ts'
import { PushRoom } from './push-room.ts'

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

type FeedAudience = Pick<Audience, 'wants' | 'skipped' | 'end'>

const termNames = ['outstanding', 'together', 'large', 'resend'] as const satisfies (keyof DeliveryTerms)[]

/** A connection of the route as its user's actor holds it: what it is pushed, and how far that has come. */
export class Attachment {
  readonly binding: Binding
  /** What its client has said last; its gateway remembers it for the next owner. */
  presence: PresenceStatus = 'online'
  readonly #parts: AttachmentParts
  readonly #pumps = new Map<Feed, FeedPump>()
  readonly #room: PushRoom
  /** Of the claim it was attached under, also when the owner renews that: what is lost is found by its number. */
  readonly #epoch: number
  #n = 0
  #state: AttachmentState

  constructor(binding: Binding, epoch: number, confirmed: boolean, parts: AttachmentParts) {
    this.binding = binding
    this.#room = new PushRoom(binding.large)
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

  /** Whether it is bound on these terms already. */
  isOn(terms: DeliveryTerms): boolean {
    return termNames.every(name => this.binding[name] === terms[name])
  }

  /** Adds a feed; everything after `cursor` is pushed, then what comes. Only for a connection that is resent to. */
  addFeed(feed: Feed, cursor: number, audience: FeedAudience): void {
    const pump = new FeedPump({
      feed,
      delivery: new Delivery(cursor, this.binding.outstanding),
      reader: this.#parts.reader,
      audience: {
        ...audience,
        send: entry => {
          this.#room.pushed(entry)
          this.push(eventOf(entry))
        },
        // Nothing is sent while it waits, so nothing may be taken for sent.
        room: () => (this.waits ? 0 : Math.min(this.#room.room, this.#roomTogether)),
        takes: entry => this.#room.takes(entry),
      },
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

  /** Something in this feed has been acknowledged: what waited for it is pushed. */
  resume(pump: FeedPump): void {
    if (this.binding.together) this.#resumeAll()
    else pump.resume()
  }

  /** A large message has left the gateway. */
  taken(seq: number): void {
    this.#room.taken(seq)
    this.#resumeAll()
  }

  push(event: PushedEvent): void {
    if (this.#state !== 'confirmed') return
    this.#n++
    this.#parts.pushes.push(this.binding.gatewayId, [this.binding.connId, this.#epoch, this.#n], event)
  }

  /** The gateway has said that the connection is there. */
  confirm(): Attached {
    if (this.waits) {
      this.#state = 'confirmed'
      this.#resumeAll()
      if (!this.resends) this.#parts.began(this)
      this.#parts.confirmed()
    }
    return this.attached
  }

  get attached(): Attached {
    return { ok: true, hostId: this.#parts.hostId, epoch: this.#epoch, n: this.#n }
  }

  /** What the feeds have room for where they share it. */
  get #roomTogether(): number {
    if (!this.binding.together) return Number.POSITIVE_INFINITY
    let unacknowledged = 0
    for (const { delivery } of this.#pumps.values()) unacknowledged += delivery.unacknowledged
    return this.binding.outstanding - unacknowledged
  }

  #resumeAll(): void {
    if (this.#state === 'confirmed') for (const pump of this.#pumps.values()) pump.resume()
  }

  /** Nothing is pushed any more. */
  stop(): void {
    this.#state = 'stopped'
    for (const pump of this.#pumps.values()) pump.stop()
  }
}
