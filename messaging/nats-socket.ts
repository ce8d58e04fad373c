import { Socket } from 'node:net'
import type { NatsConnection as Client } from 'nats'

/** The socket that the client has now; undefined where another version of the client keeps it elsewhere. */
export function socketOf(client: Client): Socket | undefined {
  const inner = client as { protocol?: { transport?: { socket?: unknown } } }
  const socket = inner.protocol?.transport?.socket
  return socket instanceof Socket ? socket : undefined
}

/** Node reads so much at a time, bytes; what comes as large as that has more behind it. */
const FULL_READ_BYTES = 65_536

/**
 * Has a backlog handled one read a turn of the event loop. Else libuv reads on for 2 MB before anything else has its
 * turn: timers, other sockets, and the sidecar's question whether this process is well.
 */
export function readInTurns(socket: Socket): void {
  socket.on('data', (chunk: Buffer) => {
    if (chunk.length < FULL_READ_BYTES) return
    socket.pause()
    setImmediate(() => socket.resume())
  })
}

/**
 * Has what is said within a moment leave in one write: at the end of the turn of the event loop, and not sooner than
 * `pauseMs` after the write before. The client itself writes once for each callback that says something, and these
 * system calls are what messages cost most, here, in the server and in who receives them.
 */
export class WriteBundles {
  readonly #client: Client
  readonly #pauseMs: number
  #pauseUntil = 0

  constructor(client: Client, pauseMs: number) {
    this.#client = client
    this.#pauseMs = pauseMs
  }

  /** To be called before anything is said. */
  open(): void {
    const socket = socketOf(this.#client)
    if (!socket || socket.writableCorked > 0) return
    socket.cork()
    const send = () => {
      this.#pauseUntil = performance.now() + this.#pauseMs
      socket.uncork()
    }
    const waitMs = this.#pauseUntil - performance.now()
    if (waitMs > 0) setTimeout(send, waitMs)
    else setImmediate(send)
  }
}
