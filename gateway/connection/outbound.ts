import type { Socket, WireData } from '../sockets/socket.ts'

/** The writing side of a connection, which notices a slow reader. */
export interface Outbound {
  /** `taken` is called when nothing of it waits here any more. */
  send(data: WireData, taken?: () => void): void
  /** Whether the peer has read too slowly for too long, at `now` (ms). */
  isTooSlow(now: number): boolean
}

export interface SendBufferLimits {
  /** Unsent bytes at which the connection counts as slow. */
  readonly slowBytes: number
  /** How long it may be slow, ms. */
  readonly slowMs: number
}

/** A slow connection is cut off at once at this multiple of `slowBytes`. */
const HARD_LIMIT_FACTOR = 16

/** The writing side of a client that may be slow for a while. */
export class SendBuffer implements Outbound {
  readonly #socket: Socket
  readonly #limits: SendBufferLimits
  #slowSince = 0

  constructor(socket: Socket, limits: SendBufferLimits) {
    this.#socket = socket
    this.#limits = limits
  }

  send(data: WireData, taken?: () => void): void {
    this.#socket.send(data, taken)
    if (this.#socket.bufferedAmount > this.#limits.slowBytes * HARD_LIMIT_FACTOR) this.#socket.terminate()
  }

  isTooSlow(now: number): boolean {
    if (this.#socket.bufferedAmount <= this.#limits.slowBytes) {
      this.#slowSince = 0
      return false
    }
    this.#slowSince ||= now
    return now - this.#slowSince >= this.#limits.slowMs
  }
}
