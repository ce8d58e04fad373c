import type { Duplex } from 'node:stream'
import type { WebSocket as WsSocket } from 'ws'
import { CloseCode } from '../../protocol/close-codes.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Socket, SocketListener, WireData } from './socket.ts'

/** Largest messages, bytes. */
export interface MessageLimits {
  readonly text: number
  readonly binary: number
}

/** A WebSocket; the frames of one turn of the event loop leave in one write. */
export class WebSocket implements Socket {
  readonly #socket: WsSocket
  readonly #stream: Duplex
  readonly #limits: MessageLimits
  readonly #logger: Logger

  /** `stream` is what the WebSocket writes to. */
  constructor(socket: WsSocket, stream: Duplex, limits: MessageLimits, logger: Logger) {
    this.#socket = socket
    this.#stream = stream
    this.#limits = limits
    this.#logger = logger
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount
  }

  listen(listener: SocketListener): void {
    this.#socket.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary, listener))
    this.#socket.on('pong', mark => listener.alive(mark.toString()))
    this.#socket.on('ping', () => listener.alive())
    this.#socket.on('error', error => this.#logger.debug({ err: error }, 'socket error'))
    this.#socket.on('close', () => listener.closed())
  }

  send(data: WireData, taken?: () => void): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    if (this.#stream.writableCorked === 0) corkUntilTurnEnds(this.#stream)
    this.#socket.send(data, taken)
  }

  flush(): boolean {
    this.#stream.uncork()
    return this.#socket.bufferedAmount === 0
  }

  ping(mark?: string): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping(mark)
  }

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

  terminate(): void {
    this.#socket.terminate()
  }

  /** The carrier's own limit is the larger of the two. */
  #onMessage(data: Buffer, isBinary: boolean, listener: SocketListener): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    if (data.length <= (isBinary ? this.#limits.binary : this.#limits.text)) listener.message(data, isBinary)
    else this.close(CloseCode.tooBig, '')
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
