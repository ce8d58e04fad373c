import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Session } from './auth/tokens.ts'
import { verifySession } from './auth/verify-session.ts'
import { Connection } from './connection.ts'
import type { ConnectionParts } from './connection-parts.ts'
import type { Connections } from './connections.ts'
import { isAllowedOrigin } from './http/origins.ts'
import { SOCKET_IO_PATH } from './list-sync/socket-io.ts'
import type { WireProtocol } from './wire-protocol.ts'

const CLOSE_ANSWER_MS = 5000
/** Fragments that one message may come in. */
const MAX_FRAGMENTS = 64
const MAX_DEVICE = /^[\x21-\x7e]{1,64}$/

export interface SocketServerParts extends Omit<ConnectionParts, 'closed'> {
  readonly connections: Connections
  readonly protocol: WireProtocol
}

/**
 * Takes WebSocket upgrades of `/ws`: Origin and a handshake's token are judged before the upgrade. Socket.IO's are
 * taken elsewhere.
 */
export class SocketServer {
  readonly #parts: SocketServerParts
  readonly #sockets: WebSocketServer
  #count = 0
  #draining = false

  constructor(server: Server, parts: SocketServerParts) {
    this.#parts = parts
    const options = {
      noServer: true,
      clientTracking: false,
      maxPayload: parts.settings.MAX_JSON_FRAME_BYTES,
      maxFragments: MAX_FRAGMENTS,
      perMessageDeflate: false,
      closeTimeout: CLOSE_ANSWER_MS,
      handleProtocols: (offered: Set<string>) => (offered.has('homing.json') ? 'homing.json' : false),
    }
    this.#sockets = new WebSocketServer(options)
    server.on('upgrade', (request, stream, head) => void this.#upgrade(request, stream, head))
  }

  /** Refuses upgrades from now on and closes what is open, in order. */
  async drain(): Promise<void> {
    this.#draining = true
    await this.#parts.connections.drain()
  }

  async #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): Promise<void> {
    stream.on('error', error => this.#parts.logger.debug({ err: error }, 'connection lost in its handshake'))
    if (request.url?.startsWith(SOCKET_IO_PATH)) return
    try {
      const verdict = await this.#judge(request)
      if (verdict.status !== 101) return answer(stream, verdict.status, verdict.text)
      this.#sockets.handleUpgrade(request, stream, head, socket => this.#accept(socket, stream, verdict))
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'upgrade failed')
      answer(stream, 503, 'server_busy')
    }
  }

  async #judge(request: IncomingMessage): Promise<Verdict> {
    const url = URL.parse(request.url ?? '/', 'http://localhost')
    if (url?.pathname !== '/ws') return { status: 404, text: 'not_found' }
    if (this.#draining) return { status: 503, text: 'server_busy' }
    if (
      !isAllowedOrigin(request.headers.origin, request.headers.host, this.#parts.settings.ALLOWED_ORIGINS)
    ) {
      return { status: 403, text: 'origin_not_allowed' }
    }
    const device = url.searchParams.get('device')
    const accepted = { status: 101, ...(device && MAX_DEVICE.test(device) && { device }) } as const
    const token = handshakeToken(request, url)
    if (token === undefined) return accepted
    const session = await verifySession(this.#parts.tokens, token, this.#parts.logger)
    if (session === 'missing_token') return { status: 401, text: 'missing_access_token' }
    if (typeof session === 'string') return { status: 401, text: 'invalid_access_token' }
    const check = await this.#parts.users.call(session.user, 'checkSession', { sv: session.sv })
    return check.ok ? { ...accepted, session } : { status: 401, text: 'session_invalid' }
  }

  #accept(socket: WebSocket, stream: Duplex, { session, device }: Accepted): void {
    const { connections, protocol, metrics, gatewayId } = this.#parts
    const connId = `${gatewayId}-${++this.#count}`
    const closed = () => {
      connections.remove(connection)
      metrics.connections[protocol.name].dec()
    }
    const connection = new Connection(connId, socket, stream, protocol, { ...this.#parts, closed }, device)
    connections.add(connection)
    metrics.connections[protocol.name].inc()
    if (session) connection.begin(session)
  }
}

interface Accepted {
  readonly status: 101
  readonly session?: Session
  readonly device?: string
}

type Verdict = Accepted | { readonly status: 401 | 403 | 404 | 503; readonly text: string }

/** A token given with the handshake, '' included: that is a missing one; undefined when the first frame has to bring it. */
function handshakeToken(request: IncomingMessage, url: URL): string | undefined {
  const bearer = /^Bearer\s*(.*)$/i.exec(request.headers.authorization ?? '')?.[1]
  const given = bearer ?? url.searchParams.get('token') ?? url.searchParams.get('accessToken')
  return given ?? undefined
}

const statusTexts = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  503: 'Service Unavailable',
} as const

function answer(stream: Duplex, status: keyof typeof statusTexts, text: string): void {
  stream.end(
    `HTTP/1.1 ${status} ${statusTexts[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  )
}
