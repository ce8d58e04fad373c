/** A message: text, or bytes where the carrier has messages of bytes. */
export type WireData = string | Uint8Array

/**
 * One client's way in and out, whatever carries it: a WebSocket, or a SockJS session over HTTP.
 *
 * Guarantees, on every adapter: what is sent arrives in order or the socket closes; after `close` or `terminate`
 * nothing more is sent or read, and the listener hears `closed` once.
 */
export interface Socket {
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number
  /** Names who hears what comes; once, in the turn in which the socket was made. */
  listen(listener: SocketListener): void
  /** Ignored once the socket is closing. `taken` is called when nothing of it waits here any more. */
  send(data: WireData, taken?: () => void): void
  /** Writes what waits for the turn's end. True when nothing waits here any more. */
  flush(): boolean
  /** Asks for a sign of life, which the listener hears as `alive`, with the mark where the carrier can bring it back. */
  ping(mark?: string): void
  /** Stops reading, so that the peer's own sends wait; as far as the carrier can. */
  pause(): void
  resume(): void
  /** Sends what waits, then closes. */
  close(code: number, reason: string): void
  /** Closes at once. */
  terminate(): void
}

export interface SocketListener {
  message(data: Buffer, isBinary: boolean): void
  alive(mark?: string): void
  closed(): void
}
