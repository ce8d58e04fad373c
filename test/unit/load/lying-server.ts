import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

interface Frame {
  readonly type: string
  readonly token?: string
  readonly to?: string
  readonly clientMsgId?: string
}

/** Acknowledges every message, but loses every `lose`th, repeats every `repeat`th and sends every `delay`th one late. */
export class LyingServer {
  readonly #sockets: WebSocketServer
  readonly #users = new Map<string, WebSocket>()
  readonly #lies: { readonly lose: number; readonly repeat: number; readonly delay: number }
  readonly #late = new Map<string, string>()
  #seq = 0
  lost = 0
  repeated = 0
  delayed = 0

  private constructor(sockets: WebSocketServer, lies: { lose: number; repeat: number; delay: number }) {
    this.#sockets = sockets
    this.#lies = lies
    sockets.on('connection', socket =>
      socket.on('message', data => this.#onFrame(socket, JSON.parse(data.toString()) as Frame)),
    )
  }

  static async start(lies: { lose: number; repeat: number; delay: number }): Promise<LyingServer> {
    const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    await once(sockets, 'listening')
    return new LyingServer(sockets, lies)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#sockets.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#sockets.close()
    await once(this.#sockets, 'close')
  }

  #onFrame(socket: WebSocket, frame: Frame): void {
    if (frame.type === 'AUTH') {
      const claims = Buffer.from(frame.token?.split('.')[1] ?? '', 'base64url').toString()
      this.#users.set((JSON.parse(claims) as { uid: string }).uid, socket)
      socket.send('{"type":"AUTH_OK"}')
    } else if (frame.type === 'SINGLE_CHAT') {
      const { clientMsgId, to = '' } = frame
      const serverMsgId = String(++this.#seq)
      for (const ackType of ['accepted', 'saved']) {
        socket.send(JSON.stringify({ type: 'ACK', ackType, clientMsgId, serverMsgId }))
      }
      this.#deliver(to, JSON.stringify({ type: 'SINGLE_CHAT', clientMsgId, serverMsgId }))
    }
  }

  #deliver(to: string, frame: string): void {
    const { lose, repeat, delay } = this.#lies
    const socket = this.#users.get(to)
    if (this.#seq % lose === 0) {
      this.lost++
    } else if (this.#seq % delay === 0 && !this.#late.has(to)) {
      this.#late.set(to, frame)
      // Unless there is a successor to overtake it, it counts as lost.
      this.lost++
    } else {
      socket?.send(frame)
      const late = this.#late.get(to)
      if (late !== undefined) {
        socket?.send(late)
        this.#late.delete(to)
        this.lost--
        this.delayed++
      }
      if (this.#seq % repeat === 0) {
        socket?.send(frame)
        this.repeated++
      }
    }
  }
}
