import { Client, type IFrame, type StompHeaders, Versions } from '@stomp/stompjs'
import SockJS from 'sockjs-client'
import { until } from './until.ts'

export type Body = Record<string, unknown>

/** How the real clients get to the server: stompjs over its own WebSocket, or over one of sockjs-client's transports. */
export const transports = ['raw', 'websocket', 'xhr-streaming', 'xhr-polling'] as const
export type Transport = (typeof transports)[number]

export const queues = ['messages', 'heartbeat', 'session', 'offline-summary', 'reply', 'presence'] as const
export type Queue = (typeof queues)[number]

export interface StompOptions {
  readonly transport?: Transport
  /** Default /ws/chat, which a raw WebSocket extends by /websocket. */
  readonly path?: string
  readonly query?: Record<string, string>
  readonly headers?: StompHeaders
  readonly versions?: string[]
  readonly heartBeatMs?: number
  readonly queues?: readonly Queue[]
}

/** @stomp/stompjs as an enterprise's page has it: subscribed to its queues, it keeps all that it hears. */
export class StompClient {
  readonly client: Client
  readonly heard: { readonly queue: Queue; readonly body: Body }[] = []
  readonly errors: IFrame[] = []
  closed: { readonly code: number; readonly reason: string } | undefined
  readonly #queues: readonly Queue[]
  connected: IFrame | undefined

  private constructor(url: string, options: StompOptions) {
    const { transport = 'raw', path, query = {}, headers = {}, versions, heartBeatMs = 0 } = options
    const address = new URL(path ?? (transport === 'raw' ? '/ws/chat/websocket' : '/ws/chat'), url)
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value)
    this.#queues = options.queues ?? queues
    this.client = new Client({
      connectHeaders: headers,
      reconnectDelay: 0,
      heartbeatIncoming: heartBeatMs,
      heartbeatOutgoing: heartBeatMs,
      ...(versions && { stompVersions: new Versions(versions) }),
      ...(transport === 'raw'
        ? { brokerURL: address.href.replace(/^http/, 'ws') }
        : { webSocketFactory: () => new SockJS(address.href, null, { transports: transport }) }),
      onConnect: frame => {
        for (const queue of this.#queues) this.subscribe(queue)
        this.connected = frame
      },
      onStompError: frame => this.errors.push(frame),
      onWebSocketClose: ({ code, reason }) => {
        this.closed ??= { code, reason }
      },
    })
  }

  /** Connects; resolves when it is connected or has been refused. */
  static async open(url: string, options: StompOptions = {}): Promise<StompClient> {
    const stomp = new StompClient(url, options)
    stomp.client.activate()
    await until(
      () => stomp.connected !== undefined || stomp.closed !== undefined,
      'neither connected nor refused',
    )
    return stomp
  }

  /** Connects with the token in the CONNECT frame. */
  static async connect(url: string, token: string, options: StompOptions = {}): Promise<StompClient> {
    const stomp = await StompClient.open(url, { ...options, headers: { Authorization: `Bearer ${token}` } })
    if (!stomp.connected) throw new Error(`refused: ${JSON.stringify(stomp.closed)} ${stomp.errors[0]?.body}`)
    return stomp
  }

  subscribe(queue: Queue, headers: StompHeaders = {}): void {
    this.client.subscribe(
      `/user/queue/${queue}`,
      message => this.heard.push({ queue, body: JSON.parse(message.body) as Body }),
      headers,
    )
  }

  send(destination: string, body: unknown, headers: StompHeaders = {}): void {
    this.client.publish({
      destination: `/app/${destination}`,
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers,
    })
  }

  /** All that a queue has brought so far with these fields. */
  all(queue: Queue, fields: Body = {}): Body[] {
    return this.heard.flatMap(heard =>
      heard.queue === queue && matches(heard.body, fields) ? [heard.body] : [],
    )
  }

  /** Resolves when at least `count` of a queue have these fields. */
  atLeast(count: number, queue: Queue, fields: Body = {}): Promise<Body[]> {
    return until(
      () => {
        const found = this.all(queue, fields)
        return found.length >= count && found
      },
      `fewer than ${count} of ${JSON.stringify(fields)} on ${queue}: ${JSON.stringify(this.heard.slice(-5))}`,
    )
  }

  async next(queue: Queue, fields: Body = {}): Promise<Body> {
    const [found] = await this.atLeast(1, queue, fields)
    if (!found) throw new Error('nothing found')
    return found
  }

  /** Sends a message and waits until the server has told what became of it. */
  async deliver(to: string, msgId: string, content: string): Promise<Body> {
    this.send('chat.sendMessage', { msgId, toUserId: to, content, messageType: 'TEXT' })
    return await this.next('reply', { originalMsgId: msgId })
  }

  /** Everything that the server had to say before this has arrived when it resolves. */
  async settle(): Promise<void> {
    const beats = this.all('heartbeat').length
    this.send('chat.heartbeat', '')
    await this.atLeast(beats + 1, 'heartbeat')
  }

  async untilClosed(): Promise<{ readonly code: number; readonly reason: string }> {
    return await until(() => this.closed, 'the connection stays open')
  }

  async close(): Promise<void> {
    await this.client.deactivate()
  }
}

const matches = (body: Body, fields: Body): boolean =>
  Object.entries(fields).every(([name, value]) => body[name] === value)
