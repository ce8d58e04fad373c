import { Alarm, type Clock } from './clock.ts'
import { type ClientFrame, messageFrame } from './frames.ts'
import type { SendQueue } from './send-queue.ts'
import { TokenBucket } from './token-bucket.ts'

/** How fast this client speaks. Stay below the server's limits (60 frames/s, burst 120; 30 messages/s, burst 60). */
export interface Pacing {
  readonly framesPerSecond: number
  readonly framesBurst: number
  readonly messagesPerSecond: number
  /** Also how many unanswered messages are on the wire: a stalled server finds no more than that waiting. */
  readonly messagesBurst: number
}

export const usualPacing: Pacing = {
  framesPerSecond: 50,
  framesBurst: 100,
  messagesPerSecond: 25,
  messagesBurst: 50,
}

interface ControlFrame {
  readonly frame: ClientFrame
  /** Also goes out on a later connection, if this one ends before its turn. */
  readonly lasting: boolean
}

/** The way out: every frame of this client passes here, control frames before messages, none faster than allowed. */
export class Outlet {
  readonly #clock: Clock
  readonly #queue: SendQueue
  readonly #transmit: (frame: ClientFrame) => void
  readonly #frames: TokenBucket
  readonly #messages: TokenBucket
  readonly #wake: Alarm
  #control: ControlFrame[] = []
  #isOpen = false

  constructor(clock: Clock, pacing: Pacing, queue: SendQueue, transmit: (frame: ClientFrame) => void) {
    this.#clock = clock
    this.#queue = queue
    this.#transmit = transmit
    this.#frames = new TokenBucket(pacing.framesPerSecond, pacing.framesBurst, clock.now())
    this.#messages = new TokenBucket(pacing.messagesPerSecond, pacing.messagesBurst, clock.now())
    this.#wake = new Alarm(clock, () => this.pump())
  }

  open(): void {
    this.#isOpen = true
    this.pump()
  }

  shut(): void {
    this.#isOpen = false
    this.#wake.clear()
    this.#control = this.#control.filter(each => each.lasting)
  }

  /** In its turn. Without a connection only a lasting frame waits for the next. */
  post(frame: ClientFrame, lasting = false): void {
    if (!this.#isOpen && !lasting) return
    this.#control.push({ frame, lasting })
    this.pump()
  }

  /** Sends it now or not at all; the answer says which. */
  offer(frame: ClientFrame): boolean {
    if (!this.#isOpen || this.#control.length > 0 || this.#frames.wait(this.#clock.now()) > 0) return false
    this.#frames.take()
    this.#transmit(frame)
    return true
  }

  /** The server found this client too fast. */
  slowDown(): void {
    this.#frames.drain()
    this.#messages.drain()
  }

  /** Sends what may go now, and comes back by itself when more may. */
  pump(): void {
    if (!this.#isOpen) return
    const now = this.#clock.now()
    while (this.#control.length > 0 || this.#queue.hasNext(now)) {
      const wait = Math.max(this.#frames.wait(now), this.#control.length > 0 ? 0 : this.#messages.wait(now))
      if (wait > 0) {
        this.#wake.within(Math.ceil(wait))
        return
      }
      this.#next(now)
    }
    const restMs = this.#queue.wakeAt - now
    if (restMs > 0 && Number.isFinite(restMs)) this.#wake.within(Math.ceil(restMs))
  }

  #next(now: number): void {
    this.#frames.take()
    const control = this.#control.shift()
    const message = control ? undefined : this.#queue.take(now)
    if (control) this.#transmit(control.frame)
    if (!message) return
    this.#messages.take()
    this.#transmit(messageFrame(message))
  }
}
