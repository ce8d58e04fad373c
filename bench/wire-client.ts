import { WebSocket } from 'ws'
import type { Dialect } from './dialects/dialect.ts'

/** One connection of a subject's protocol, costing as little as it can. */
export class WireClient {
  readonly user: string
  readonly #socket: WebSocket

  private constructor(socket: WebSocket, user: string, dialect: Dialect, onFrame: (frame: string) => void) {
    this.#socket = socket
    this.user = user
    socket.on('message', data => {
      const frame = data.toString()
      const reply = dialect.reply?.(frame)
      if (reply === undefined) onFrame(frame)
      else socket.send(reply)
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
      socket.on('open', () => socket.send(dialect.hello(user)))
      socket.on('error', reject)
      socket.on('close', code => reject(new Error(`${user}: closed with ${code}`)))
      const onWelcome = (data: Buffer) => {
        if (!dialect.isWelcome(data.toString())) return
        socket.off('message', onWelcome)
        resolve(new WireClient(socket, user, dialect, onFrame))
      }
      socket.on('message', onWelcome)
    })
  }

  send(frame: string): void {
    this.#socket.send(frame)
  }

  close(): void {
    this.#socket.removeAllListeners('close')
    this.#socket.close()
  }
}
