import type { Socket, WireData } from '../sockets/socket.ts'
import type { Outbound } from './outbound.ts'

export interface FrameQueueLimits {
  readonly frames: number
  /** The largest frame is not counted: a message may be as large as this by itself. */
  readonly bytes: number
  /** How long a frame may wait while none leaves, ms. */
  readonly writeMs: number
}

/**
 * The writing side of a client that may have so much waiting here and no more. What the system takes at once does not
 * wait. `overflow` is called with the frame that is too much, which is not kept.
 */
export class FrameQueue implements Outbound {
  readonly #socket: Socket
  readonly #limits: FrameQueueLimits
  readonly #overflow: () => void
  /** Bytes of each frame that waits, the oldest first. */
  readonly #waiting: number[] = []
  #bytes = 0
  /** Frames that wait no longer. */
  #gone = 0
  #lastMoved = 0

  constructor(socket: Socket, limits: FrameQueueLimits, overflow: () => void) {
    this.#socket = socket
    this.#limits = limits
    this.#overflow = overflow
  }

  send(data: WireData, taken?: () => void): void {
    const bytes = Buffer.byteLength(data)
    if (this.#isTooMuch(bytes) && !this.#flush()) {
      this.#overflow()
      return
    }
    if (this.#waiting.length === 0) this.#lastMoved = Date.now()
    const count = this.#waiting.push(bytes) + this.#gone
    this.#bytes += bytes
    this.#socket.send(data, () => {
      this.#leave(count)
      taken?.()
    })
  }

  isTooSlow(now: number): boolean {
    return this.#waiting.length > 0 && now - this.#lastMoved >= this.#limits.writeMs
  }

  #isTooMuch(more: number): boolean {
    if (this.#waiting.length >= this.#limits.frames) return true
    const bytes = this.#bytes + more
    return bytes > this.#limits.bytes && bytes - Math.max(more, ...this.#waiting) > this.#limits.bytes
  }

  /** A turn of the event loop may have more to say than may wait after it. False when something waits still. */
  #flush(): boolean {
    if (!this.#socket.flush()) return false
    this.#leave(this.#gone + this.#waiting.length)
    return true
  }

  /** So many frames, of all there were, have left. */
  #leave(count: number): void {
    if (count <= this.#gone) return
    for (const bytes of this.#waiting.splice(0, count - this.#gone)) this.#bytes -= bytes
    this.#gone = count
    this.#lastMoved = Date.now()
  }
}
