import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

export interface Frame {
  readonly type: string
  readonly clientMsgId?: string
  readonly serverMsgId?: string
  readonly to?: string
  readonly groupId?: string
  readonly body?: string
  readonly ackType?: string
  readonly token?: string
  readonly upTo?: boolean
  readonly ordered?: boolean
}

/** What the script lets happen to a send: `cut-after` stores it but breaks the connection before the answer. */
export type Fate =
  | 'save'
  | 'accept'
  | 'server_busy'
  | 'too_many_requests'
  | 'cut-before'
  | 'cut-after'
  | (string & {})

export interface StoredMessage {
  readonly seq: number
  readonly conversation: string
  readonly clientMsgId: string
  readonly body: string
}

const RETRYABLE = new Set(['server_busy', 'internal_error', 'too_many_requests'])

/** One authenticated connection, as the script sees it. */
export class ServerSide {
  readonly socket: WebSocket
  readonly frames: Frame[] = []
  /** By conversation: the first refused clientMsgId. Everything else there is refused until it is repeated. */
  readonly gates = new Map<string, string>()
  /** Its client asked for the gates. */
  isOrdered = false

  constructor(socket: WebSocket) {
    this.socket = socket
  }

  push(frame: Readonly<Record<string, unknown>>): void {
    this.socket.send(JSON.stringify(frame))
  }

  deliver(seq: number, fields: Record<string, unknown> = {}): void {
    this.push({
      type: 'SINGLE_CHAT',
      serverMsgId: String(seq),
      from: 'bob',
      body: `m${seq}`,
      ts: 1,
      ...fields,
    })
  }

  /** What either side sent before has arrived after one; the answers to it after two. */
  async roundTrips(count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      this.socket.ping()
      await once(this.socket, 'pong')
    }
  }

  sent(type: string): Frame[] {
    return this.frames.filter(frame => frame.type === type)
  }
}

/** A real WebSocket server that keeps the contract of protocol/json.md, except where the test's script says so. */
export class ScriptedServer {
  readonly log: StoredMessage[] = []
  readonly connections: ServerSide[] = []
  /** Decides each send; saved by default. */
  fate: (frame: Frame) => Fate = () => 'save'
  /** Decides each AUTH: undefined lets it in, else the reason of AUTH_FAIL. `silent` says nothing. */
  admit: (token: string) => string | undefined = () => undefined
  answersPings = true
  readonly #server: WebSocketServer

  private constructor(server: WebSocketServer) {
    this.#server = server
    server.on('connection', socket => this.#accept(socket))
  }

  static async start(port = 0): Promise<ScriptedServer> {
    const server = new WebSocketServer({ port, host: '127.0.0.1', path: '/ws' })
    await once(server, 'listening')
    return new ScriptedServer(server)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** The newest connection. */
  get last(): ServerSide {
    const last = this.connections.at(-1)
    if (!last) throw new Error('nobody has connected')
    return last
  }

  async stop(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate()
    await new Promise(resolve => this.#server.close(resolve))
  }

  saveAll(): void {
    for (const { seq, clientMsgId } of this.log) this.#ack(this.last, clientMsgId, seq, 'saved')
  }

  #accept(socket: WebSocket): void {
    const side = new ServerSide(socket)
    socket.on('error', () => {})
    socket.on('message', data => {
      if (socket.readyState !== socket.OPEN) return
      const frame = JSON.parse(String(data)) as Frame
      side.frames.push(frame)
      this.#handle(side, frame)
    })
  }

  #handle(side: ServerSide, frame: Frame): void {
    switch (frame.type) {
      case 'AUTH':
        side.isOrdered = frame.ordered === true
        this.#authenticate(side, frame.token ?? '')
        break
      case 'PING':
        if (this.answersPings) side.push({ type: 'PONG' })
        break
      case 'SINGLE_CHAT':
      case 'GROUP_CHAT':
        this.#store(side, frame)
    }
  }

  #authenticate(side: ServerSide, token: string): void {
    const reason = this.admit(token)
    if (reason === 'silent') return
    if (reason !== undefined) {
      side.push({ type: 'AUTH_FAIL', reason })
      side.socket.close(4503)
      return
    }
    this.connections.push(side)
    side.push({ type: 'AUTH_OK', from: 'alice' })
  }

  #store(side: ServerSide, frame: Frame): void {
    const { clientMsgId = '', body = '' } = frame
    const conversation = frame.to ?? `group:${frame.groupId}`
    const fate = this.#throughGate(side, frame, conversation)
    switch (fate) {
      case 'save':
      case 'accept': {
        const seq = this.#append({ conversation, clientMsgId, body })
        this.#ack(side, clientMsgId, seq, 'accepted')
        if (fate === 'save') this.#ack(side, clientMsgId, seq, 'saved')
        break
      }
      case 'cut-after':
        this.#append({ conversation, clientMsgId, body })
        side.socket.terminate()
        break
      case 'ignore':
        break
      case 'cut-before':
        side.socket.terminate()
        break
      default:
        side.push({ type: 'ERROR', reason: fate, clientMsgId })
    }
  }

  /** After a retryable refusal the conversation's later sends are refused, until the refused one is repeated. */
  #throughGate({ gates, isOrdered }: ServerSide, frame: Frame, conversation: string): Fate {
    if (!isOrdered) return this.fate(frame)
    const gate = gates.get(conversation)
    if (gate !== undefined && gate !== frame.clientMsgId) return 'server_busy'
    gates.delete(conversation)
    const fate = this.fate(frame)
    if (RETRYABLE.has(fate)) gates.set(conversation, frame.clientMsgId ?? '')
    return fate
  }

  #append(message: Omit<StoredMessage, 'seq'>): number {
    const known = this.log.find(each => each.clientMsgId === message.clientMsgId)
    if (known) return known.seq
    return this.log.push({ ...message, seq: this.log.length + 1 })
  }

  #ack(side: ServerSide, clientMsgId: string, seq: number, ackType: string): void {
    side.push({ type: 'ACK', ackType, clientMsgId, serverMsgId: String(seq), from: 'alice', ts: 1 })
  }
}
