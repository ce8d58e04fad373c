import { CloseCode } from '../protocol/close-codes.ts'
import type { PresenceStatus } from '../protocol/presence.ts'
import { Acknowledger } from './acknowledger.ts'
import { type Backoff, reconnectBackoff, resendBackoff } from './backoff.ts'
import { type Clock, systemClock } from './clock.ts'
import { Emitter } from './emitter.ts'
import {
  type ClientEvents,
  type ClientState,
  messageOf,
  noticeOf,
  presenceOf,
  type SyncPage,
  signOf,
  syncPageOf,
} from './events.ts'
import { type ClientFrame, type Draft, type ServerFrame, textId } from './frames.ts'
import { Inbox } from './inbox.ts'
import { jsonProtocol } from './json-protocol.ts'
import { Link, type TokenSource } from './link.ts'
import { type LivenessTimes, usualLiveness } from './liveness.ts'
import { msgpackProtocol } from './msgpack/msgpack-protocol.ts'
import { MemoryOutbox, type Outbox } from './outbox.ts'
import { Outlet, type Pacing, usualPacing } from './outlet.ts'
import { isRetryable, Refused } from './refused.ts'
import { Requests } from './requests.ts'
import { SendQueue } from './send-queue.ts'
import { Sender, type Sent } from './sender.ts'
import { socketUrl, type WebSocketClass } from './web-socket.ts'
import type { ProtocolName, WireProtocol } from './wire-protocol.ts'

export interface HomingClientOptions {
  /** The server, as `http://host:8080` or `ws://host:8080`. */
  readonly url: string
  /**
   * An access token, or a function that is asked for one at each connect and before the last one ends. When it
   * rejects, the client waits and asks again; when it rejects with `Refused`, the client closes.
   */
  readonly token: TokenSource
  /** How it speaks on the wire; `json` by default. MessagePack has no groups, revocations and mentions. */
  readonly protocol?: ProtocolName
  /** Names this device where a user may have several; the token's claim comes first. */
  readonly device?: string
  /** Where messages wait until they are saved; in memory by default. */
  readonly outbox?: Outbox
  /** The global WebSocket by default. */
  readonly webSocket?: WebSocketClass
  readonly pacing?: Partial<Pacing>
  readonly reconnect?: Backoff
  readonly resend?: Backoff
  readonly liveness?: LivenessTimes
  readonly clock?: Clock
  /** In [0, 1), for every jitter. */
  readonly random?: () => number
}

/** A message that is unanswered this long has lost its answer: a new connection settles it. */
const ANSWER_WITHIN_MS = 30_000

const protocols: Readonly<Record<ProtocolName, WireProtocol>> = {
  json: jsonProtocol,
  msgpack: msgpackProtocol,
}

/** An id that no other client makes: random at its start, counted at its end. */
function idSource(): () => string {
  const start = Array.from(crypto.getRandomValues(new Uint8Array(12)), byte =>
    byte.toString(16).padStart(2, '0'),
  )
  const prefix = start.join('')
  let count = 0
  return () => {
    count += 1
    return `${prefix}-${count.toString(36)}`
  }
}

/**
 * One user's connection to a Homing server: it reconnects by itself, keeps every message until it is saved and
 * hands every message on once, in order. Add listeners before `connect`: what arrives without any counts as handled.
 */
export class HomingClient {
  readonly #events = new Emitter<ClientEvents>()
  readonly #clock: Clock
  readonly #protocol: WireProtocol
  readonly #queue: SendQueue
  readonly #sender: Sender
  readonly #outlet: Outlet
  readonly #acknowledger: Acknowledger
  readonly #inbox: Inbox
  readonly #requests: Requests
  readonly #link: Link
  /** Between `connect` and `close`: it may be closed before the outbox is read. */
  #wanted = false
  readonly #newId = idSource()
  #state: ClientState = { name: 'closed', reason: 'new' }
  #presence: PresenceStatus | undefined

  constructor(options: HomingClientOptions) {
    const clock = options.clock ?? systemClock
    const random = options.random ?? Math.random
    const pacing = { ...usualPacing, ...options.pacing }
    this.#clock = clock
    this.#protocol = protocols[options.protocol ?? 'json']
    this.#queue = new SendQueue({
      window: pacing.messagesBurst,
      backoff: options.resend ?? resendBackoff,
      random,
    })
    this.#outlet = new Outlet(clock, pacing, this.#queue, frame => this.#link.send(frame))
    this.#sender = new Sender(this.#queue, options.outbox ?? new MemoryOutbox(), this.#protocol, {
      accepted: receipt => this.#events.emit('accepted', receipt),
      saved: receipt => this.#events.emit('saved', receipt),
      leftOut: (clientMsgId, error) => this.#leftOut(clientMsgId, error),
      ready: () => this.#outlet.pump(),
    })
    this.#acknowledger = new Acknowledger(clock, frame => this.#outlet.offer(frame))
    this.#inbox = new Inbox(this.#acknowledger, {
      arrived: frame => this.#arrived(frame),
      repeated: serverMsgId => this.#events.emit('duplicate', { serverMsgId }),
    })
    this.#requests = new Requests(frame => this.#outlet.post(frame))
    this.#link = new Link(
      {
        url: socketUrl(options.url, options.device),
        token: options.token,
        protocol: this.#protocol,
        webSocket: options.webSocket ?? WebSocket,
        clock,
        random,
        backoff: options.reconnect ?? reconnectBackoff,
        liveness: options.liveness ?? usualLiveness,
      },
      { state: state => this.#entered(state), frame: frame => this.#received(frame) },
    )
  }

  get state(): ClientState {
    return this.#state
  }

  /** How many messages are not saved yet. */
  get unsaved(): number {
    return this.#queue.size
  }

  /** Adds a listener; the answer removes it. A listener's error surfaces as uncaught. */
  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (event: ClientEvents[Name]) => unknown,
  ): () => void {
    return this.#events.on(name, listener)
  }

  /**
   * Starts and keeps on until `close` or a final refusal; after either it may be called again. Rejects only when the
   * outbox cannot be read. Whether it is online is told by `state`.
   */
  async connect(): Promise<void> {
    this.#wanted = true
    await this.#sender.load()
    if (this.#wanted) this.#link.open()
  }

  /** Says what has been delivered and goes. What is unsaved stays in the outbox. */
  close(): void {
    this.#wanted = false
    this.#acknowledger.flush()
    this.#link.close('closed by the application')
  }

  /**
   * Sends once, whatever happens to the connection. A clientMsgId (1–128 printable ASCII characters) is made unless
   * given; one that is still on its way answers as before.
   */
  send(draft: Draft & { readonly clientMsgId?: string }): Sent {
    const { clientMsgId = this.#newId(), ...content } = draft
    const sent = this.#sender.send(clientMsgId, content)
    this.#outlet.pump()
    return sent
  }

  /** Moves the read cursor of the message's conversation; later, if there is no connection. Best effort. */
  read(serverMsgId: string): void {
    this.#outlet.post({ type: 'ACK', ackType: 'read', serverMsgId }, true)
  }

  /**
   * Takes a message back. Rejects with `Refused` (revoke_timeout, not_message_sender, server_busy, …), on MessagePack
   * with `Unsupported`.
   */
  async revoke(serverMsgId: string): Promise<void> {
    const clientMsgId = this.#newId()
    await this.#ask({ type: 'MESSAGE_REVOKE', clientMsgId, serverMsgId })
  }

  /**
   * A page of the messages to this user whose seq is greater than `after`, old ones as well: for an application that
   * keeps none itself. They are no `message` events, and nothing counts as delivered by it. Rejects with `Refused`, on
   * JSON with `Unsupported`.
   */
  async sync(after = '0'): Promise<SyncPage> {
    return syncPageOf(await this.#ask({ type: 'SYNC', clientMsgId: this.#newId(), after }))
  }

  /** Says how this user is there, now and after each reconnect; `offline` is to appear so. */
  setPresence(status: PresenceStatus): void {
    this.#presence = status
    this.#outlet.post({ type: 'PRESENCE', status })
  }

  /** Each answer is a `presence` event. Nothing is asked without a connection. Throws `Unsupported` on MessagePack. */
  askPresence(users: readonly string[]): void {
    const frame: ClientFrame = { type: 'PRESENCE', users }
    const refusal = this.#protocol.refusal(frame)
    if (refusal) throw refusal
    this.#outlet.post(frame)
  }

  #ask(frame: ClientFrame & { readonly clientMsgId: string }): Promise<ServerFrame> {
    const refusal = this.#protocol.refusal(frame)
    return refusal ? Promise.reject(refusal) : this.#requests.ask(frame.clientMsgId, frame)
  }

  #leftOut(clientMsgId: string, error: Error): void {
    const reason = error instanceof Refused ? error.reason : 'unsupported'
    this.#events.emit('refused', { reason, retryable: false, clientMsgId })
  }

  #entered(state: ClientState): void {
    const wasOnline = this.#state.name === 'online'
    this.#state = state
    if (state.name === 'online') {
      this.#outlet.open()
      this.#requests.repeat()
      if (this.#presence) this.#outlet.post({ type: 'PRESENCE', status: this.#presence })
    } else if (wasOnline) {
      this.#outlet.shut()
      this.#queue.restart()
      this.#acknowledger.restart()
    }
    if (state.name === 'closed' && state.reason === 'kicked')
      this.#events.emit('kicked', { reason: 'kicked' })
    this.#events.emit('state', state)
  }

  #received(frame: ServerFrame): void {
    switch (frame.type) {
      case 'ACK':
        this.#answered(frame)
        break
      case 'SINGLE_CHAT':
      case 'GROUP_CHAT':
      case 'GROUP_NOTIFY':
        this.#inbox.receive(frame, this.#isOwn(frame))
        break
      case 'ERROR':
        this.#refused(frame)
        break
      case 'MESSAGE_REVOKED':
        this.#events.emit('revoked', signOf(frame))
        break
      case 'PRESENCE':
        this.#events.emit('presence', presenceOf(frame))
        break
      case 'SYNC':
        this.#requests.answered(frame.clientMsgId ?? '', frame)
        break
      case 'PONG':
        this.#checkAnswers()
    }
  }

  /** A message that this user has sent from somewhere else; a notice comes in its group's feed, whoever caused it. */
  #isOwn({ type, from }: ServerFrame): boolean {
    return type !== 'GROUP_NOTIFY' && this.#state.name === 'online' && textId(from) === this.#state.userId
  }

  #arrived(frame: ServerFrame): Promise<unknown> | undefined {
    return frame.type === 'GROUP_NOTIFY'
      ? this.#events.emit('notify', noticeOf(frame))
      : this.#events.emit('message', messageOf(frame))
  }

  #answered(frame: ServerFrame): void {
    switch (frame.ackType) {
      case 'accepted':
        this.#sender.accepted(frame, this.#clock.now())
        this.#outlet.pump()
        break
      case 'saved':
        this.#sender.saved(frame, this.#clock.now())
        this.#outlet.pump()
        break
      case 'revoked':
        this.#requests.answered(frame.clientMsgId ?? '', frame)
        break
      case 'delivered':
      case 'read':
        this.#events.emit(frame.ackType, signOf(frame))
    }
  }

  #refused(frame: ServerFrame): void {
    const { reason = 'internal_error', clientMsgId, serverMsgId } = frame
    const retryable = isRetryable(reason)
    if (reason === 'too_many_requests') this.#outlet.slowDown()
    const isKnown =
      clientMsgId !== undefined &&
      (this.#sender.refused(clientMsgId, reason, this.#clock.now()) ||
        this.#requests.refused(clientMsgId, reason))
    this.#events.emit('refused', {
      reason,
      retryable,
      ...(clientMsgId !== undefined && { clientMsgId }),
      ...(serverMsgId !== undefined && { serverMsgId: textId(serverMsgId) }),
    })
    // Something unnamed was not handled. A new connection begins with what the server knows, so it repeats all.
    if (retryable && !isKnown) this.#restart(reason)
    this.#outlet.pump()
  }

  /** The sign of life is also the time to look for what got lost on a living connection. */
  #checkAnswers(): void {
    this.#acknowledger.repeat()
    if (this.#queue.isOverdue(this.#clock.now() - ANSWER_WITHIN_MS)) this.#restart('a message got no answer')
  }

  #restart(reason: string): void {
    this.#link.restart(reason, reason === 'too_many_requests' ? CloseCode.tooManyRequests : 0)
  }
}
