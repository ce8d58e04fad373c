import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import sockjs from 'sockjs'
import type { Settings } from '../../runtime/settings.ts'
import { type Endpoint, requestEndpoint } from '../sockets/endpoints.ts'
import {
  type Accepted,
  type HandshakeParts,
  type HandshakeRefusal,
  judgeHandshake,
} from '../sockets/handshake.ts'
import type { Socket } from '../sockets/socket.ts'
import { type SockJsConnection, SockJsSession } from './sockjs-session.ts'

export interface SockJsParts extends HandshakeParts {
  readonly settings: Pick<Settings, 'ALLOWED_ORIGINS' | 'MAX_JSON_FRAME_BYTES' | 'PING_INTERVAL_MS'>
  readonly isDraining: () => boolean
  readonly accept: (socket: Socket, accepted: Accepted) => void
}

/**
 * SockJS over HTTP (`/info` and the transports that are no WebSocket), by the `sockjs` package. That has no limits of
 * its own, so requests are judged, and their bodies measured, before they come to it.
 */
export class SockJsServer {
  readonly #parts: SockJsParts
  /** Where the package listens. It is never opened: requests are handed to it. */
  readonly #inner = createServer()
  /** Handshakes whose session is about to be made, by session id. */
  readonly #accepted = new Map<string, Accepted>()
  readonly #sessions = new Map<string, SockJsSession>()

  /** Takes its requests from the server before anybody who listens there already. */
  constructor(server: Server, parts: SockJsParts) {
    this.#parts = parts
    const service = sockjs.createServer({
      heartbeat_delay: parts.settings.PING_INTERVAL_MS,
      log: (severity, message) => parts.logger.trace({ severity }, message),
    })
    service.on('connection', connection => this.#onConnection(connection as unknown as SockJsConnection))
    for (const prefix of ['/ws/chat', '/ws/agent']) service.installHandlers(this.#inner, { prefix })
    const others = server.listeners('request')
    server.removeAllListeners('request')
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const url = URL.parse(request.url ?? '/', 'http://localhost')
      const endpoint = url ? requestEndpoint(url.pathname) : undefined
      if (url && endpoint) void this.#take(request, response, url, endpoint)
      else for (const other of others) other.call(server, request, response)
    })
  }

  async #take(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    { session, sends }: Endpoint & { speaks: 'sockjs-http' },
  ): Promise<void> {
    try {
      // The package looks sessions up in a plain object, where these are found without having been made.
      if (session !== undefined && session in Object.prototype) return answer(response, notFound)
      const known = session === undefined ? undefined : this.#sessions.get(session)
      if (sends && known?.paused) return answer(response, busy)
      if (!known && !sends && request.method !== 'OPTIONS') {
        if (this.#parts.isDraining()) return answer(response, busy)
        const verdict = await judgeHandshake(request, url, this.#parts)
        if (verdict.status !== 101) return answer(response, verdict)
        if (session !== undefined) this.#expect(session, verdict)
      }
      if (!this.#measure(request)) return answer(response, tooBig)
      this.#inner.emit('request', request, response)
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'a SockJS request failed')
      response.destroy()
    }
  }

  /** The package makes the session in this turn, or not at all. */
  #expect(session: string, accepted: Accepted): void {
    this.#accepted.set(session, accepted)
    setImmediate(() => this.#accepted.delete(session))
  }

  #onConnection(connection: SockJsConnection): void {
    const url = URL.parse(connection.url, 'http://localhost')
    const id = (url && requestEndpoint(url.pathname)?.session) ?? ''
    const accepted = this.#accepted.get(id)
    if (!accepted) {
      connection.close(1002, 'unexpected')
      return
    }
    const session = new SockJsSession(connection)
    this.#sessions.set(id, session)
    connection.on('close', () => this.#sessions.delete(id))
    this.#parts.accept(session, accepted)
  }

  /** False when the body says that it is too large; one that turns out to be is cut off. */
  #measure(request: IncomingMessage): boolean {
    const limit = this.#parts.settings.MAX_JSON_FRAME_BYTES
    if (Number(request.headers['content-length'] ?? 0) > limit) return false
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > limit) request.destroy()
    })
    return true
  }
}

const notFound = { status: 404, text: 'not_found' } as const
const tooBig = { status: 413, text: 'too_big' } as const
const busy = { status: 503, text: 'server_busy' } as const

function answer(response: ServerResponse, { status, text }: HandshakeRefusal): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(text)
}
