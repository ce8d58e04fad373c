import { once } from 'node:events'
import { WebSocket } from 'ws'

/** What two clients of a server have to say to each other; one for each kind of server that is compared. */
export interface WireDialect {
  /** First frame of a connection, if any, and what its answer contains. */
  readonly hello?: { readonly frame: string; readonly answer: string }
  message(id: string, to: string, body: string): string
  /** The receiver's answer to a message, if the protocol has one. */
  acknowledge?(frame: string): string
  isMessage(frame: string): boolean
  /** The message is as safe as this server makes it. */
  isDone(frame: string): boolean
}

export interface PairCounters {
  sent: number
  done: number
  received: number
}

/** A sender that keeps `window` messages under way, and their receiver. */
export class WirePair {
  readonly counters: PairCounters = { sent: 0, done: 0, received: 0 }
  readonly #sender: WebSocket
  readonly #receiver: WebSocket
  readonly #dialect: WireDialect
  readonly #to: string
  readonly #prefix: string
  readonly #body: string
  #running = false

  private constructor(
    sender: WebSocket,
    receiver: WebSocket,
    dialect: WireDialect,
    names: { to: string; prefix: string; body: string },
  ) {
    this.#sender = sender
    this.#receiver = receiver
    this.#dialect = dialect
    this.#to = names.to
    this.#prefix = names.prefix
    this.#body = names.body
    sender.on('message', data => this.#onAnswer(data.toString()))
    receiver.on('message', data => this.#onMessage(data.toString()))
  }

  static async connect(
    urls: { sender: string; receiver: string },
    dialects: { sender: WireDialect; receiver: WireDialect },
    names: { to: string; prefix: string; body: string },
  ): Promise<WirePair> {
    const sockets = [open(urls.sender, dialects.sender), open(urls.receiver, dialects.receiver)] as const
    const [sender, receiver] = await Promise.all(sockets)
    return new WirePair(sender, receiver, dialects.sender, names)
  }

  start(window: number): void {
    this.#running = true
    for (let i = 0; i < window; i++) this.sendOne()
  }

  sendOne(): void {
    this.counters.sent++
    this.#sender.send(this.#dialect.message(`${this.#prefix}${this.counters.sent}`, this.#to, this.#body))
  }

  /** Sends no more; what is under way still ends. */
  pause(): void {
    this.#running = false
  }

  close(): void {
    this.#sender.terminate()
    this.#receiver.terminate()
  }

  #onAnswer(frame: string): void {
    if (!this.#dialect.isDone(frame)) return
    this.counters.done++
    if (this.#running) this.sendOne()
  }

  #onMessage(frame: string): void {
    if (!this.#dialect.isMessage(frame)) return
    this.counters.received++
    const answer = this.#dialect.acknowledge?.(frame)
    if (answer !== undefined) this.#receiver.send(answer)
  }
}

async function open(url: string, { hello }: WireDialect): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  await once(socket, 'open')
  if (hello) {
    socket.send(hello.frame)
    for (;;) {
      const [data] = await once(socket, 'message')
      if (String(data).includes(hello.answer)) break
    }
  }
  return socket
}
