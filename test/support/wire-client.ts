import { once } from 'node:events'
import { type ClientOptions, WebSocket } from 'ws'

export type Frame = Record<string, unknown>

export interface Closed {
  readonly code: number
  readonly reason: string
}

const WAIT_MS = 8000

export interface WireOptions {
  /** Sent as the Authorization header of the handshake. */
  readonly token?: string
  readonly query?: Record<string, string>
  readonly headers?: Record<string, string>
  /** How the socket itself behaves. */
  readonly socket?: ClientOptions
}

/** A client of the JSON protocol that knows nothing of ours: it sends frames as they are and keeps all it gets. */
export class WireClient {
  readonly frames: Frame[] = []
  readonly closed: Promise<Closed>
  readonly socket: WebSocket
  readonly #taken = new Set<Frame>()
  readonly #waiting = new Set<() => void>()

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', data => {
      this.frames.push(JSON.parse(data.toString()) as Frame)
      for (const check of this.#waiting) check()
    })
    socket.on('error', () => undefined)
    this.closed = new Promise(resolve => {
      socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() })
        for (const check of this.#waiting) check()
      })
    })
  }

  /** Opens `/ws` of a gateway (its http:// address). Rejects with the HTTP answer when the upgrade is refused. */
  static async open(
    url: string,
    { token, query = {}, headers = {}, socket: behaviour = {} }: WireOptions = {},
  ): Promise<WireClient> {
    const address = new URL('/ws', url.replace(/^http/, 'ws'))
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value)
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const socket = new WebSocket(address, { ...behaviour, headers: { ...authorization, ...headers } })
    const client = new WireClient(socket)
    const refused = once(socket, 'unexpected-response').then(async ([, response]) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      throw new Error(`HTTP ${response.statusCode} ${Buffer.concat(chunks)}`)
    })
    refused.catch(() => undefined)
    await Promise.race([once(socket, 'open'), refused])
    return client
  }

  /** Opens a connection and authenticates it by an AUTH frame. */
  static async authenticated(url: string, token: string, options: WireOptions = {}): Promise<WireClient> {
    const client = await WireClient.open(url, options)
    client.send({ type: 'AUTH', token })
    await client.next({ type: 'AUTH_OK' })
    return client
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  /** The first frame not taken yet that has these fields; taken by this call. */
  async next(fields: Frame, waitMs = WAIT_MS): Promise<Frame> {
    const matches = (frame: Frame) => Object.entries(fields).every(([name, value]) => frame[name] === value)
    const find = () => this.frames.find(frame => !this.#taken.has(frame) && matches(frame))
    const found = await this.#until(
      find,
      `no ${JSON.stringify(fields)} in ${JSON.stringify(this.frames.slice(-10))}`,
      waitMs,
    )
    this.#taken.add(found)
    return found
  }

  /** All frames so far with these fields. */
  all(fields: Frame): Frame[] {
    return this.frames.filter(frame => Object.entries(fields).every(([name, value]) => frame[name] === value))
  }

  /** Resolves when at least `count` frames have these fields. */
  async atLeast(count: number, fields: Frame, waitMs = WAIT_MS): Promise<Frame[]> {
    const enough = () => (this.all(fields).length >= count ? this.all(fields) : undefined)
    return await this.#until(enough, `fewer than ${count} of ${JSON.stringify(fields)}`, waitMs)
  }

  /** Everything the server had to say before this has arrived when it resolves. */
  async settle(): Promise<void> {
    const pongs = this.all({ type: 'PONG' }).length
    this.send({ type: 'PING' })
    await this.atLeast(pongs + 1, { type: 'PONG' })
  }

  async close(): Promise<Closed> {
    this.socket.close()
    return await this.closed
  }

  async #until<T>(find: () => T | undefined, complaint: string, waitMs: number): Promise<T> {
    const now = find()
    if (now !== undefined) return now
    return await new Promise<T>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        this.#waiting.delete(check)
      }
      const check = () => {
        const value = find()
        if (value !== undefined) {
          end()
          resolve(value)
        } else if (this.socket.readyState === WebSocket.CLOSED) {
          end()
          reject(new Error(`closed; ${complaint}`))
        }
      }
      const timer = setTimeout(() => {
        end()
        reject(new Error(complaint))
      }, waitMs)
      this.#waiting.add(check)
    })
  }
}
