import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { type Fields, type Frame, jsonWire, MsgpackWire, type ScriptedWire } from './scripted-wire.ts'

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

/** When everything was accepted, ms since 1970. */
export const ACCEPTED_AT = 1

const RETRYABLE = new Set(['server_busy', 'internal_error', 'too_many_requests'])

/** A message from bob, sent five seconds after 1970 began. */
export const message = (seq: number): Fields => ({
  serverMsgId: String(seq),
  from: 'bob',
  body: `m${seq}`,
  ts: 5000,
})

/** One authenticated connection, as the script sees it. */
export class ServerSide {
  readonly socket: WebSocket
  readonly frames: Frame[] = []
  /** By conversation: the first refused clientMsgId. Everything else there is refused until it is repeated. */
  readonly gates = new Map<string, string>()
  /** Its client asked for the gates. */
  isOrdered = false
  #wire: ScriptedWire | undefined

  constructor(socket: WebSocket) {
    this.socket = socket
  }

  /** The first frame decides for the connection. */
  read(data: Buffer, isBinary: boolean): Frame {
    this.#wire ??= isBinary ? new MsgpackWire() : jsonWire
    const frame = this.#wire.read(data)
    this.frames.push(frame)
    return frame
  }

  push(frame: Fields): void {
    if (!this.#wire) throw new Error('the client has not spoken yet')
    this.socket.send(this.#wire.write(frame))
  }

  deliver(seq: number, fields: Fields = {}): void {
    this.push({ ...message(seq), ...fields, type: 'groupId' in fields ? 'GROUP_CHAT' : 'SINGLE_CHAT' })
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

/** A real WebSocket server that keeps the contracts of both wire protocols, except where the test's script says so. */
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
    socket.on('message', (data: Buffer, isBinary) => {
      if (socket.readyState === socket.OPEN) this.#handle(side, side.read(data, isBinary))
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
    side.push({ type: 'ACK', ackType, clientMsgId, serverMsgId: String(seq), from: 'alice', ts: ACCEPTED_AT })
  }
}
