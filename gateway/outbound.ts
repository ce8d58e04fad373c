import type { Socket } from './socket.ts'

export interface OutboundLimits {
  /** Unsent bytes at which the connection counts as slow. */
  readonly slowBytes: number
  /** How long it may be slow, ms. */
  readonly slowMs: number
}

/** A slow connection is cut off at once at this multiple of `slowBytes`. */
const HARD_LIMIT_FACTOR = 16

/** The writing side of a socket, which notices a slow reader. */
export class Outbound {
  readonly #socket: Socket
  readonly #limits: OutboundLimits
  #slowSince = 0

  constructor(socket: Socket, limits: OutboundLimits) {
    this.#socket = socket
    this.#limits = limits
  }

  send(frame: string): void {
    this.#socket.send(frame)
    if (this.#socket.bufferedAmount > this.#limits.slowBytes * HARD_LIMIT_FACTOR) this.#socket.terminate()
  }

  /** Whether the peer has read too slowly for too long, at `now` (ms). */
  isTooSlow(now: number): boolean {
    if (this.#socket.bufferedAmount <= this.#limits.slowBytes) {
      this.#slowSince = 0
      return false
    }
    this.#slowSince ||= now
    return now - this.#slowSince >= this.#limits.slowMs
  }
}
