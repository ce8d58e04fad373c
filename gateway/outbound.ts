import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

export interface OutboundLimits {
  /** Unsent bytes at which the connection counts as slow. */
  readonly slowBytes: number
  /** How long it may be slow, ms. */
  readonly slowMs: number
}

/** A slow connection is cut off at once at this multiple of `slowBytes`. */
const HARD_LIMIT_FACTOR = 16

/** The writing side of a WebSocket: the frames of one turn of the event loop leave in one write, and a slow reader is noticed. */
export class Outbound {
  readonly #socket: WebSocket
  readonly #stream: Duplex
  readonly #limits: OutboundLimits
  #slowSince = 0

  /** `stream` is what the WebSocket writes to. */
  constructor(socket: WebSocket, stream: Duplex, limits: OutboundLimits) {
    this.#socket = socket
    this.#stream = stream
    this.#limits = limits
  }

  send(frame: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    if (this.#stream.writableCorked === 0) corkUntilTurnEnds(this.#stream)
    this.#socket.send(frame)
    if (this.#socket.bufferedAmount > this.#limits.slowBytes * HARD_LIMIT_FACTOR) this.#socket.terminate()
  }

  ping(): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
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

  /** Stops reading while the actor is behind, so that the peer's own sends wait. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(code: number, reason: string): void {
    this.#socket.resume()
    this.#socket.close(code, reason)
  }
}

const corked: Duplex[] = []

/** One callback a turn for all streams: under load, a system call for each frame is what costs most. */
function corkUntilTurnEnds(stream: Duplex): void {
  stream.cork()
  if (corked.push(stream) === 1) setImmediate(uncorkAll)
}

function uncorkAll(): void {
  for (const stream of corked.splice(0)) stream.uncork()
}
