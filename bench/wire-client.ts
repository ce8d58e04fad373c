import { WebSocket } from 'ws'
import type { Dialect } from './dialects/dialect.ts'

/** One connection of a subject's protocol, costing as little as it can. */
export class WireClient {
  readonly user: string
  readonly #socket: WebSocket
  readonly #bytes: boolean

  private constructor(socket: WebSocket, user: string, dialect: Dialect, onFrame: (frame: string) => void) {
    this.#socket = socket
    this.#bytes = dialect.bytes ?? false
    this.user = user
    socket.on('message', (data: Buffer) => {
      const frame = textOf(data, dialect)
      const reply = dialect.reply?.(frame)
      if (reply === undefined) onFrame(frame)
      else this.send(reply)
    })
  }

  /** Resolves once the server has welcomed the user. */
  static connect(
    url: string,
    user: string,
    dialect: Dialect,
    onFrame: (frame: string) => void = () => undefined,
  ): Promise<WireClient> {
    const socket = new WebSocket(url.replace(/^http/, 'ws') + dialect.path, {
      perMessageDeflate: false,
      skipUTF8Validation: true,
      generateMask: mask => mask.fill(0),
    })
    return new Promise((resolve, reject) => {
      socket.on('open', () => send(socket, dialect.hello(user), dialect.bytes))
      socket.on('error', reject)
      socket.on('close', code => reject(new Error(`${user}: closed with ${code}`)))
      const onWelcome = (data: Buffer) => {
        if (!dialect.isWelcome(textOf(data, dialect))) return
        socket.off('message', onWelcome)
        resolve(new WireClient(socket, user, dialect, onFrame))
      }
      socket.on('message', onWelcome)
    })
  }

  send(frame: string): void {
    send(this.#socket, frame, this.#bytes)
  }

  close(): void {
    this.#socket.removeAllListeners('close')
    this.#socket.close()
  }
}

const textOf = (data: Buffer, { bytes }: Dialect): string => data.toString(bytes ? 'latin1' : 'utf8')

const send = (socket: WebSocket, frame: string, bytes = false): void =>
  socket.send(bytes ? Buffer.from(frame, 'latin1') : frame)
