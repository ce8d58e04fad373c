import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket as WsSocket } from 'ws'
import { SOCKET_IO_PATH } from '../list-sync/socket-io.ts'
import { SockJsServer } from '../sockjs/sockjs-server.ts'
import { SockJsWebSocket } from '../sockjs/sockjs-web-socket.ts'
import { Acceptor, type AcceptorParts, JSON_TEXT, MSGPACK } from './acceptor.ts'
import { type Endpoint, upgradeEndpoint } from './endpoints.ts'
import { type Accepted, type HandshakeRefusal, judgeHandshake } from './handshake.ts'
import { WebSocket } from './web-socket.ts'

const CLOSE_ANSWER_MS = 5000
/** Fragments that one message may come in. */
const MAX_FRAGMENTS = 64
/** In the order of our preference. */
const clientSubprotocols = [JSON_TEXT, MSGPACK]
const stompSubprotocols = ['v12.stomp', 'v11.stomp', 'v10.stomp']

/**
 * Takes what leads to a connection: WebSocket upgrades under `/ws`, judged before the upgrade, and SockJS's requests
 * over HTTP. Socket.IO's are taken elsewhere.
 */
export class SocketServer {
  readonly #parts: AcceptorParts
  readonly #acceptor: Acceptor
  /** Of `/ws`, which takes binary frames, and of the others. */
  readonly #sockets: WebSocketServer
  readonly #stompSockets: WebSocketServer
  #draining = false

  constructor(server: Server, parts: AcceptorParts) {
    this.#parts = parts
    this.#acceptor = new Acceptor(parts)
    const { MAX_JSON_FRAME_BYTES, MAX_BINARY_FRAME_BYTES } = parts.settings
    this.#sockets = webSocketServer(
      Math.max(MAX_JSON_FRAME_BYTES, MAX_BINARY_FRAME_BYTES),
      clientSubprotocols,
    )
    this.#stompSockets = webSocketServer(MAX_JSON_FRAME_BYTES, stompSubprotocols)
    server.on('upgrade', (request, stream, head) => void this.#upgrade(request, stream, head))
    new SockJsServer(server, {
      ...parts,
      isDraining: () => this.#draining,
      accept: (socket, accepted) => this.#acceptor.acceptStomp(socket, accepted),
    })
  }

  /** Refuses upgrades from now on and closes what is open, in order. */
  async drain(): Promise<void> {
    this.#draining = true
    await this.#parts.connections.drain()
  }

  async #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): Promise<void> {
    stream.on('error', error => this.#parts.logger.debug({ err: error }, 'connection lost in its handshake'))
    if (request.url?.startsWith(SOCKET_IO_PATH)) return
    const url = URL.parse(request.url ?? '/', 'http://localhost')
    const endpoint = url ? upgradeEndpoint(url.pathname) : undefined
    if (!url || !endpoint) return answer(stream, { status: 404, text: 'not_found' })
    if (this.#draining) return answer(stream, { status: 503, text: 'server_busy' })
    try {
      const verdict = await judgeHandshake(request, url, this.#parts)
      if (verdict.status !== 101) return answer(stream, verdict)
      const sockets = endpoint.speaks === 'json' ? this.#sockets : this.#stompSockets
      sockets.handleUpgrade(request, stream, head, socket => this.#accept(endpoint, socket, stream, verdict))
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'upgrade failed')
      answer(stream, { status: 503, text: 'server_busy' })
    }
  }

  #accept({ speaks }: Endpoint, socket: WsSocket, stream: Duplex, accepted: Accepted): void {
    const { settings, logger } = this.#parts
    const limits = { text: settings.MAX_JSON_FRAME_BYTES, binary: settings.MAX_BINARY_FRAME_BYTES }
    const plain = new WebSocket(socket, stream, limits, logger)
    if (speaks === 'json') this.#acceptor.acceptClient(plain, accepted, socket.protocol)
    else this.#acceptor.acceptStomp(speaks === 'sockjs' ? new SockJsWebSocket(plain) : plain, accepted)
  }
}

function webSocketServer(maxPayload: number, subprotocols: readonly string[]): WebSocketServer {
  const options = {
    noServer: true,
    clientTracking: false,
    maxPayload,
    maxFragments: MAX_FRAGMENTS,
    perMessageDeflate: false,
    closeTimeout: CLOSE_ANSWER_MS,
    handleProtocols: (offered: Set<string>) => subprotocols.find(name => offered.has(name)) ?? false,
  }
  return new WebSocketServer(options)
}

const statusTexts = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
} as const

function answer(stream: Duplex, { status, text }: HandshakeRefusal): void {
  stream.end(
    `HTTP/1.1 ${status} ${statusTexts[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  )
}
