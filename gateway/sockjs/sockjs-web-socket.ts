import { CloseCode } from '../../protocol/close-codes.ts'
import type { Socket, SocketListener, WireData } from '../sockets/socket.ts'

/** SockJS over a WebSocket: each message in SockJS's frames. Source: the SockJS protocol 0.3.3, "Framing". */
export class SockJsWebSocket implements Socket {
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount
  }

  listen(listener: SocketListener): void {
    this.#socket.listen({
      message: data => this.#onMessage(data, listener),
      alive: () => listener.alive(),
      closed: () => listener.closed(),
    })
    this.#socket.send('o')
  }

  /** SockJS has messages of text only. */
  send(data: WireData, taken?: () => void): void {
    this.#socket.send(`a[${JSON.stringify(data.toString())}]`, taken)
  }

  flush(): boolean {
    return this.#socket.flush()
  }

  ping(mark?: string): void {
    this.#socket.ping(mark)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(code: number, reason: string): void {
    this.#socket.send(`c[${code},${JSON.stringify(reason)}]`)
    this.#socket.close(CloseCode.normal, '')
  }

  terminate(): void {
    this.#socket.terminate()
  }

  /** A client sends an array of messages, or one alone; an empty frame says nothing. */
  #onMessage(data: Buffer, listener: SocketListener): void {
    if (data.length === 0) return
    const messages = parse(data.toString())
    if (messages) for (const message of messages) listener.message(Buffer.from(message), false)
    else this.terminate()
  }
}

function parse(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const list: unknown[] = Array.isArray(value) ? value : [value]
    return list.every(item => typeof item === 'string') ? list : undefined
  } catch {
    return undefined
  }
}
