import { WebSocket } from 'ws'
import type { Identity } from './tokens.ts'

/** A frame of the JSON protocol; fields are as the wire has them. */
export interface Frame {
  readonly type: string
  readonly clientMsgId?: string
  readonly serverMsgId?: string
  readonly ackType?: string
  readonly from?: string
  readonly reason?: string
}

export interface ClientEvents {
  onFrame(client: LeanClient, frame: Frame): void
  /** The connection ended without having been closed here. */
  onLost(client: LeanClient, code: number): void
}

const HANDSHAKE_MS = 20_000

/**
 * One connection that costs as little as it can, so that one process holds thousands: no queue, no repeats, no
 * state but the socket's.
 */
export class LeanClient {
  /** Its number among all clients of the run. */
  readonly index: number
  readonly user: string
  readonly #url: string
  readonly #token: string
  readonly #localAddress: string | undefined
  readonly #events: ClientEvents
  #socket: WebSocket | undefined
  #bound = false

  constructor(
    index: number,
    { user, token }: Identity,
    { url, localAddress }: { url: string; localAddress: string | undefined },
    events: ClientEvents,
  ) {
    this.index = index
    this.user = user
    this.#token = token
    this.#url = `${url.replace(/^http/, 'ws')}/ws`
    this.#localAddress = localAddress
    this.#events = events
  }

  get bound(): boolean {
    return this.#bound
  }

  /** Connects and authenticates. Rejects with what went wrong: `ECONNREFUSED`, `close 4503`, … */
  connect(): Promise<void> {
    const socket = new WebSocket(this.#url, {
      perMessageDeflate: false,
      skipUTF8Validation: true,
      // Masks protect proxies on the way; there is none here, and ws sends a zero mask without any work.
      generateMask: mask => mask.fill(0),
      handshakeTimeout: HANDSHAKE_MS,
      ...(this.#localAddress !== undefined && { localAddress: this.#localAddress }),
    })
    this.#socket = socket
    return new Promise((resolve, reject) => {
      socket.on('open', () => socket.send(JSON.stringify({ type: 'AUTH', token: this.#token })))
      socket.on('error', (error: NodeJS.ErrnoException) => reject(new Error(error.code ?? error.message)))
      socket.on('message', data => {
        const frame = JSON.parse(data.toString()) as Frame
        if (frame.type === 'AUTH_OK') {
          this.#bound = true
          resolve()
        } else this.#events.onFrame(this, frame)
      })
      socket.on('close', code => {
        const lost = this.#bound && this.#socket === socket
        this.#bound = false
        if (lost) this.#events.onLost(this, code)
        else reject(new Error(`close ${code}`))
      })
    })
  }

  /** False when there is no connection to send it on. */
  send(frame: string): boolean {
    if (!this.#bound || this.#socket?.readyState !== WebSocket.OPEN) return false
    this.#socket.send(frame)
    return true
  }

  /** Ends the connection; not reported as lost. */
  close(): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#bound = false
    socket?.close(1000)
  }
}
