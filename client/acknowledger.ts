import { Alarm, type Clock } from './clock.ts'
import type { ClientFrame } from './frames.ts'

/** Seqs of one feed; 0 when there is none. */
interface Marks {
  /** Last one that came over this connection: the server knows no other. */
  pushed: number
  /** Last one that the application is done with. */
  handled: number
  /** Last one that was, or is to be, acknowledged over this connection. */
  due: number
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
  /** Told since the last `repeat`. */
  readonly #told = new Set<Marks>()
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
      if (!this.#offer({ type: 'ACK', ackType: 'delivered', serverMsgId: String(marks.due), upTo: true }))
        break
      this.#due.delete(marks)
      this.#told.add(marks)
    }
    if (this.#due.size > 0) this.#alarm.set(EVERY_MS)
    else this.#alarm.clear()
  }

  /**
   * Says it all once more. An ACK has no answer, so one that a busy server dropped would go unnoticed, and with it
   * everything that the server holds back until it comes. Call it now and then.
   */
  repeat(): void {
    for (const marks of this.#told) this.#due.add(marks)
    this.flush()
    this.#told.clear()
  }

  /** The connection is gone: the next one resends what the server has not heard of. */
  restart(): void {
    this.#alarm.clear()
    this.#due.clear()
    this.#told.clear()
    this.#messages = 0
    for (const marks of this.#feeds.values()) {
      marks.pushed = 0
      marks.due = 0
    }
  }

  #look(marks: Marks): void {
    const upTo = Math.min(marks.pushed, marks.handled)
    if (upTo <= marks.due) return
    marks.due = upTo
    this.#due.add(marks)
    this.#messages += 1
    if (this.#messages >= EVERY_MESSAGES) this.flush()
    else this.#alarm.within(EVERY_MS)
  }

  #marks(feed: string): Marks {
    let marks = this.#feeds.get(feed)
    if (!marks) {
      marks = { pushed: 0, handled: 0, due: 0 }
      this.#feeds.set(feed, marks)
    }
    return marks
  }
}
