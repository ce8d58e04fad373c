import type { Settings } from '../../runtime/settings.ts'
import type { Socket } from '../sockets/socket.ts'
import type { Outbound } from './outbound.ts'
import type { WireProtocol } from './wire-protocol.ts'

/** A connection's signs of life: those it asks for, and those it has had. Times: ms since 1970. */
export class Pulse {
  readonly #socket: Socket
  readonly #outbound: Outbound
  readonly #protocol: WireProtocol
  readonly #settings: Pick<Settings, 'PING_INTERVAL_MS' | 'IDLE_TIMEOUT_MS'>
  #lastRead = Date.now()
  #lastAsked = Date.now()

  constructor(
    socket: Socket,
    outbound: Outbound,
    protocol: WireProtocol,
    settings: Pick<Settings, 'PING_INTERVAL_MS' | 'IDLE_TIMEOUT_MS'>,
  ) {
    this.#socket = socket
    this.#outbound = outbound
    this.#protocol = protocol
    this.#settings = settings
  }

  alive(): void {
    this.#lastRead = Date.now()
  }

  isIdle(now: number): boolean {
    return now - this.#lastRead >= (this.#protocol.liveness?.idleMs ?? this.#settings.IDLE_TIMEOUT_MS)
  }

  /** Asks for a sign of life, or gives one, when it is time. */
  beat(now: number): void {
    const { liveness } = this.#protocol
    if (now - this.#lastAsked < (liveness?.beatMs ?? this.#settings.PING_INTERVAL_MS)) return
    this.#lastAsked = now
    if (liveness?.beat === undefined) this.#socket.ping()
    else this.#outbound.send(liveness.beat)
  }
}
