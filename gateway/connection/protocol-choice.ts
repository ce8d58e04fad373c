import type { PushEvent } from '../../protocol/events.ts'
import type { WireProtocol } from './wire-protocol.ts'

/**
 * While nothing has said whether a client of `/ws` speaks JSON or MessagePack: its first frame will. Whoever has been
 * authenticated by the handshake can be pushed something before that. It is held for a moment, in which clients of
 * either kind usually say something; then it goes out as JSON, whose clients may go on listening for ever. Should the
 * client turn out to speak MessagePack after all, everything unacknowledged is pushed again.
 */
export class ProtocolChoice {
  readonly #binary: () => WireProtocol
  readonly #write: (event: PushEvent) => void
  #held: PushEvent[] | undefined
  #timer: NodeJS.Timeout | undefined

  /** `binary`: what it is when the first frame is; `write` takes what is held no longer. */
  constructor(binary: () => WireProtocol, write: (event: PushEvent) => void) {
    this.#binary = binary
    this.#write = write
  }

  /** Pushes may come from now on: they are held for so long, ms. */
  hold(forMs: number): void {
    this.#held = []
    this.#timer = setTimeout(() => this.#release(), forMs)
  }

  /** Takes the event if it has to wait. */
  holds(event: PushEvent): boolean {
    this.#held?.push(event)
    return this.#held !== undefined
  }

  /** The first frame has come. Undefined: the client speaks what was taken for granted. */
  made(isBinary: boolean): WireProtocol | undefined {
    if (!isBinary) {
      this.#release()
      return undefined
    }
    this.end()
    return this.#binary()
  }

  /** What is held goes nowhere. */
  end(): void {
    clearTimeout(this.#timer)
    this.#held = undefined
  }

  #release(): void {
    const held = this.#held ?? []
    this.end()
    for (const event of held) this.#write(event)
  }
}
