import { CloseCode, isTerminal } from '../protocol/close-codes.ts'
import { Alarm, type Clock } from './clock.ts'
import { type ClientFrame, type ServerFrame, textId } from './frames.ts'
import { Liveness, type LivenessTimes } from './liveness.ts'
import { closingCode } from './refused.ts'
import type { WebSocketClass, WebSocketLike } from './web-socket.ts'
import type { Codec, WireProtocol } from './wire-protocol.ts'

/** `final`: connecting again would end the same way. `code` is a WebSocket close code, 1006 when there was none. */
export interface Ending {
  readonly final: boolean
  readonly reason: string
  readonly code: number
}

export interface ConnectionListener {
  bound(userId: string): void
  frame(frame: ServerFrame): void
  /** Once, and nothing after it. Not after `close`. */
  gone(ending: Ending): void
}

export interface ConnectionOptions {
  readonly url: string
  readonly token: string
  readonly protocol: WireProtocol
  readonly webSocket: WebSocketClass
  readonly clock: Clock
  readonly liveness: LivenessTimes
}

const OPENING_LIMIT_MS = 10_000
const NO_CODE = 1006

const reasonOfCode = new Map<number, string>([
  [CloseCode.kicked, 'kicked'],
  [CloseCode.sessionInvalid, 'session_invalid'],
  [CloseCode.tokenExpired, 'token_expired'],
  [CloseCode.unauthorized, 'unauthorized'],
  [CloseCode.authTimeout, 'auth_timeout'],
  [CloseCode.protocolError, 'protocol_error'],
])

/** One WebSocket, from the first byte to the last: opened, authenticated by its first frame, bound, gone. */
export class Connection {
  readonly #listener: ConnectionListener
  readonly #token: string
  readonly #codec: Codec
  readonly #socket: WebSocketLike
  readonly #opening: Alarm
  readonly #liveness: Liveness
  #phase: 'opening' | 'authenticating' | 'bound' | 'gone' = 'opening'

  constructor(options: ConnectionOptions, listener: ConnectionListener) {
    this.#listener = listener
    this.#token = options.token
    this.#codec = options.protocol.codec()
    this.#opening = new Alarm(options.clock, () => this.drop('no answer while connecting'))
    this.#liveness = new Liveness(options.clock, options.liveness, {
      ping: () => this.send({ type: 'PING' }),
      dead: () => this.drop('no sign of life'),
    })
    this.#socket = new options.webSocket(options.url)
    this.#socket.binaryType = 'arraybuffer'
    this.#socket.addEventListener('open', () => this.#opened())
    this.#socket.addEventListener('message', event => this.#received(event.data))
    this.#socket.addEventListener('close', event => this.#closed(event.code, event.reason))
    this.#socket.addEventListener('error', () => {}) // a close event follows and says it
    this.#opening.set(OPENING_LIMIT_MS)
  }

  /** Only while it is bound; otherwise the frame is gone. */
  send(frame: ClientFrame): void {
    if (this.#phase !== 'bound') return
    this.#socket.send(this.#codec.encode(frame))
    if ('clientMsgId' in frame) this.#liveness.expect()
  }

  /** The application is done with it. */
  close(): void {
    if (this.#leave()) this.#socket.close(1000)
  }

  /** Given up as lost, without waiting for the other side. */
  drop(reason: string): void {
    if (!this.#leave()) return
    if (this.#socket.terminate) this.#socket.terminate()
    else this.#socket.close()
    this.#listener.gone({ final: false, reason, code: NO_CODE })
  }

  #opened(): void {
    if (this.#phase !== 'opening') return
    this.#phase = 'authenticating'
    const frame: ClientFrame = { type: 'AUTH', token: this.#token, ordered: true }
    this.#socket.send(this.#codec.encode(frame))
  }

  #received(data: unknown): void {
    if (this.#phase === 'gone') return
    const frame = this.#codec.decode(data)
    if (!frame) return
    this.#liveness.heard()
    const reason = frame.reason ?? ''
    const code = frame.type === 'ERROR' ? closingCode(reason) : undefined
    if (frame.type === 'AUTH_FAIL') this.#refuse(reason, closingCode(reason) ?? CloseCode.unauthorized)
    else if (code !== undefined) this.#refuse(reason, code)
    else if (this.#phase === 'bound') this.#listener.frame(frame)
    else if (frame.type === 'AUTH_OK') this.#bind(textId(frame.from))
  }

  #bind(userId: string): void {
    this.#phase = 'bound'
    this.#opening.clear()
    this.#liveness.start()
    this.#listener.bound(userId)
  }

  #refuse(reason: string, code: number): void {
    if (!this.#leave()) return
    this.#socket.close(1000)
    this.#listener.gone({ final: true, reason, code })
  }

  #closed(code: number, reason: string): void {
    if (!this.#leave()) return
    const said = reasonOfCode.get(code) ?? (reason || `connection lost (${code})`)
    this.#listener.gone({ final: isTerminal(code), reason: said, code })
  }

  /** Whether it was still there. */
  #leave(): boolean {
    if (this.#phase === 'gone') return false
    this.#phase = 'gone'
    this.#opening.clear()
    this.#liveness.stop()
    return true
  }
}
