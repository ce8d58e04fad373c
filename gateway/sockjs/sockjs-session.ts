import type { ServerResponse } from 'node:http'
import type { Socket, SocketListener, WireData } from '../sockets/socket.ts'

/** What we use of a connection of the `sockjs` package; its typings leave out the inner half. */
export interface SockJsConnection {
  readonly url: string
  readonly _session: {
    /** What waits for the client's next request. */
    readonly send_buffer: readonly string[]
    /** The request that is answered now; null between two. */
    readonly recv: { readonly response: ServerResponse | null } | null
  }
  write(text: string): boolean
  close(code: number, reason: string): boolean
  on(event: 'data', listener: (message: unknown) => void): void
  on(event: 'close', listener: () => void): void
}

/** A SockJS session over HTTP: what is sent waits for, or streams into, the answer to a request of the client's. */
export class SockJsSession implements Socket {
  readonly #connection: SockJsConnection
  #waiting = 0
  #listener: SocketListener | undefined
  #paused = false

  constructor(connection: SockJsConnection) {
    this.#connection = connection
  }

  /** Whether the client has to wait with what it has to send. */
  get paused(): boolean {
    return this.#paused
  }

  get bufferedAmount(): number {
    const { send_buffer, recv } = this.#connection._session
    if (send_buffer.length === 0) this.#waiting = 0
    return this.#waiting + (recv?.response?.writableLength ?? 0)
  }

  listen(listener: SocketListener): void {
    this.#listener = listener
    this.#connection.on('data', message => {
      if (typeof message === 'string') listener.message(Buffer.from(message), false)
      else this.terminate()
    })
    this.#connection.on('close', () => listener.closed())
  }

  /** SockJS has messages of text only. When one has left, the package does not say: it counts as gone at once. */
  send(data: WireData, taken?: () => void): void {
    const text = data.toString()
    this.#waiting = this.bufferedAmount === 0 ? 0 : this.#waiting
    this.#connection.write(text)
    if (this.#connection._session.send_buffer.length > 0) this.#waiting += Buffer.byteLength(text)
    taken?.()
  }

  flush(): boolean {
    return this.bufferedAmount === 0
  }

  /** An open request is a sign of life: the package notices when it breaks off. */
  ping(): void {
    if (this.#connection._session.recv) this.#listener?.alive()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
  }

  close(code: number, reason: string): void {
    this.#connection.close(code, reason)
  }

  terminate(): void {
    const response = this.#connection._session.recv?.response
    this.#connection.close(1002, 'terminated')
    response?.socket?.destroy()
  }
}
