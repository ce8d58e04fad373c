import { Alarm, type Clock } from './clock.ts'
import type { ClientFrame } from './frames.ts'

/** Seqs of one feed; 0 when there is none. */
interface Marks {
  /** Last one that came over this connection: the server knows no other. */
  pushed: number
  /** Last one that the application is done with. */
  handled: number
  /** Last one acknowledged over this connection. */
  acknowledged: number
}

const EVERY_MS = 100
const EVERY_MESSAGES = 50

/**
 * Tells the server what has been delivered: one ACK with `upTo` a feed, every 100 ms or 50 messages, whichever
 * comes first. An ACK that pacing holds back is merged with the next.
 */
export class Acknowledger {
  readonly #offer: (frame: ClientFrame) => boolean
  readonly #alarm: Alarm
  readonly #feeds = new Map<string, Marks>()
  readonly #due = new Set<Marks>()
  #messages = 0

  constructor(clock: Clock, offer: (frame: ClientFrame) => boolean) {
    this.#offer = offer
    this.#alarm = new Alarm(clock, () => this.flush())
  }

  pushed(feed: string, seq: number): void {
    const marks = this.#marks(feed)
    marks.pushed = Math.max(marks.pushed, seq)
    this.#look(marks)
  }

  handled(feed: string, seq: number): void {
    const marks = this.#marks(feed)
    marks.handled = Math.max(marks.handled, seq)
    this.#look(marks)
  }

  flush(): void {
    this.#messages = 0
    for (const marks of this.#due) {
      const upTo = Math.min(marks.pushed, marks.handled)
      if (!this.#offer({ type: 'ACK', ackType: 'delivered', serverMsgId: String(upTo), upTo: true })) break
      marks.acknowledged = upTo
      this.#due.delete(marks)
    }
    if (this.#due.size > 0) this.#alarm.set(EVERY_MS)
    else this.#alarm.clear()
  }

  /** The connection is gone: the next one resends what the server has not heard of. */
  restart(): void {
    this.#alarm.clear()
    this.#due.clear()
    this.#messages = 0
    for (const marks of this.#feeds.values()) {
      marks.pushed = 0
      marks.acknowledged = 0
    }
  }

  #look(marks: Marks): void {
    if (Math.min(marks.pushed, marks.handled) <= marks.acknowledged) return
    this.#due.add(marks)
    this.#messages += 1
    if (this.#messages >= EVERY_MESSAGES) this.flush()
    else this.#alarm.within(EVERY_MS)
  }

  #marks(feed: string): Marks {
    let marks = this.#feeds.get(feed)
    if (!marks) {
      marks = { pushed: 0, handled: 0, acknowledged: 0 }
      this.#feeds.set(feed, marks)
    }
    return marks
  }
}
