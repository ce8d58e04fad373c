import type { Attached, Refused } from '../../actors/user/contract.ts'
import { CloseCode } from '../../protocol/close-codes.ts'
import { type Reason, refusals } from '../../protocol/errors.ts'
import type { PushEvent, PushedEvent } from '../../protocol/events.ts'
import { renewSession } from '../auth/renew-session.ts'
import type { Session } from '../auth/tokens.ts'
import { verifySession } from '../auth/verify-session.ts'
import type { Socket } from '../sockets/socket.ts'
import { ActorCalls } from './actor-calls.ts'
import { Conduct, isPaced } from './conduct.ts'
import type { ConnectionParts } from './connection-parts.ts'
import {
  type Authenticating,
  type Confirming,
  type ConnectionState,
  confirmingOf,
} from './connection-state.ts'
import { Dialogue, type Spoken } from './dialogue.ts'
import { OpQueue, type OpQueueOwner } from './op-queue.ts'
import { PushInbox } from './push-inbox.ts'
import { type Answering, SendAnswers } from './send-answers.ts'
import {
  type About,
  type AuthFailure,
  type AuthFrame,
  aboutFrame,
  aboutUnauthorized,
  type ClientFrame,
  type FrameRef,
  type ReauthFrame,
  type WireProtocol,
} from './wire-protocol.ts'

/** One client's connection, from the making of its socket to its close. */
export class Connection {
  readonly connId: string
  readonly #parts: ConnectionParts
  readonly #calls: ActorCalls
  readonly #socket: Socket
  readonly #dialogue: Dialogue
  #answers: SendAnswers
  readonly #conduct: Conduct
  readonly #inbox: PushInbox
  readonly #device: string | undefined
  #ops: OpQueue
  #state: ConnectionState
  /** Whose last operations are still being done after the end. */
  #leaving: Session | undefined
  #drained: (() => void) | undefined

  constructor(connId: string, socket: Socket, spoken: Spoken, parts: ConnectionParts, device?: string) {
    const { settings } = parts
    this.connId = connId
    this.#parts = parts
    this.#dialogue = this.#newDialogue(socket, spoken)
    this.#calls = new ActorCalls(connId, parts)
    this.#answers = this.#newAnswers()
    this.#device = device
    this.#socket = socket
    this.#conduct = new Conduct(settings)
    this.#inbox = new PushInbox(parts.heldPushes, settings.DELIVER_BEFORE_SAVED, event => this.#write(event))
    this.#ops = this.#newQueue(false)
    const timer = setTimeout(() => this.#onAuthTimeout(), settings.AUTH_TIMEOUT_MS)
    this.#state = { phase: 'awaiting-auth', timer }
    socket.listen({
      message: (data, isBinary) => this.#onMessage(data, isBinary),
      alive: mark => this.#dialogue.alive(mark),
      closed: () => {
        this.close(CloseCode.goingAway, 'closed by peer')
        parts.closed()
      },
    })
  }

  /** Whether its client may still be told something. */
  get isOpen(): boolean {
    return this.#state.phase !== 'closing'
  }

  /** The host its actor was last known on, while bound. */
  get hostId(): string | undefined {
    return this.#state.phase === 'bound' ? this.#state.hostId : undefined
  }

  get protocol(): WireProtocol {
    return this.#dialogue.protocol
  }

  get queuedOps(): number {
    return this.#ops.length
  }

  /** Binds a session that the handshake has verified. */
  begin(session: Session): void {
    this.#dialogue.holdPushes()
    void this.#bind(session, undefined)
  }

  /** Takes a push from the user's actor. */
  push(epoch: number, n: number, event: PushedEvent): void {
    const state = this.#state
    if (state.phase === 'confirming') state.held.push({ epoch, n, event })
    else if (state.phase === 'bound') this.#deliver(epoch, n, event)
  }

  /** So far the owner has pushed: if anything of it has not come, it is lost, and the connection with it. */
  compare(epoch: number, n: number): void {
    if (this.#state.phase === 'bound' && !this.#inbox.confirm(epoch, n))
      this.close(CloseCode.resync, 'resync')
  }

  /** A new owner says that the connection is its own now. Answers how its client is there; undefined when it is gone. */
  attach(attached: Attached): ActorCalls['presence'] | undefined {
    if (this.#state.phase !== 'bound' && this.#state.phase !== 'confirming') return undefined
    if (this.#state.phase === 'bound') this.#state = { ...this.#state, hostId: attached.hostId }
    if (!this.#inbox.confirm(attached.epoch, attached.n)) this.close(CloseCode.resync, 'resync')
    return this.#calls.presence
  }

  /** Asks the actor whether the connection is still the user's; nothing is accepted or delivered until then. */
  async doubt(): Promise<void> {
    if (this.#state.phase === 'confirming') this.#state.doubted = true
    if (this.#state.phase !== 'bound') return
    const confirming = confirmingOf(this.#state.session, this.#state.device)
    this.#state = confirming
    this.#ops.close()
    try {
      const touched = await this.#calls.touch(confirming)
      if (this.#state !== confirming) return
      if (touched.ok) this.#open(confirming, touched)
      else this.#end(touched.reason)
    } catch (error) {
      this.#onUnconfirmed(confirming, error)
    }
  }

  /** The actor has evicted the connection. */
  kick(reason: 'kicked' | 'session_invalid'): void {
    if (reason === 'kicked') this.#parts.metrics.kicks.inc()
    this.#refuse(reason)
  }

  /** Everything that time decides; called about once a second. `now`: ms since 1970. */
  sweep(now: number): void {
    const state = this.#state
    if (state.phase === 'closing') return
    if ('session' in state && now >= state.session.expiresAt) this.#refuse('token_expired')
    else this.#dialogue.sweep(now)
  }

  /** Finishes the calls under way, then closes. */
  async drain(): Promise<void> {
    if (!this.#ops.quiet && this.#state.phase === 'bound') {
      await new Promise<void>(resolve => {
        this.#drained = resolve
      })
    }
    this.close(CloseCode.serviceRestart, 'restarting')
  }

  close(code: number, reason: string): void {
    const state = this.#state
    if (state.phase === 'closing') return
    if (state.phase === 'awaiting-auth') clearTimeout(state.timer)
    this.#state = { phase: 'closing' }
    if (state.phase === 'confirming') state.abandoned.abort()
    this.#drained?.()
    this.#answers.forget()
    this.#inbox.close()
    this.#dialogue.end()
    this.#socket.close(code, reason)
    const evicted = code === CloseCode.kicked || code === CloseCode.sessionInvalid
    if ('session' in state && !evicted) void this.#leave(state.session)
    else this.#ops.clear()
  }

  /** What came while the process stood still is read before a client is refused for good. */
  #onAuthTimeout(): void {
    setImmediate(() => {
      if (this.#state.phase === 'awaiting-auth') this.#refuse('auth_timeout')
    })
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (this.#state.phase === 'closing') return
    const user = 'session' in this.#state ? this.#state.session.user : undefined
    this.#dialogue.hear(data, isBinary, user, this.#take)
  }

  /** Made once: a message has no closure of its own. */
  readonly #take = (frame: ClientFrame): void => {
    if (this.#conduct.rates.frame()) this.#handle(frame)
    else this.#refuseOverRate(frame)
  }

  #handle(frame: ClientFrame): void {
    const state = this.#state
    switch (state.phase) {
      case 'awaiting-auth':
        if (frame.kind === 'auth') void this.#authenticate(frame)
        else this.#refuse('unauthorized', aboutUnauthorized(frame))
        break
      case 'authenticating':
        if (state.backlog.length < this.#parts.settings.MAX_QUEUED_FRAMES) state.backlog.push(frame)
        else this.#refuse('too_many_requests', aboutFrame(frame))
        break
      case 'confirming':
      case 'bound':
        this.#handleAuthenticated(frame, state.session)
        break
      case 'closing':
        break
      default:
        state satisfies never
    }
  }

  #handleAuthenticated(frame: ClientFrame, session: Session): void {
    switch (frame.kind) {
      case 'ping':
        this.#dialogue.say(this.protocol.pong())
        break
      case 'auth':
      case 'reauth':
        void this.#reauthenticate(frame, session)
        break
      case 'op':
        if (isPaced(frame.op) && !this.#conduct.rates.message()) this.#refuseOverRate(frame)
        else {
          this.#ops.add({ op: frame.op, receivedAt: performance.now(), ref: frame.ref })
          if (this.#ops.length >= this.#parts.settings.MAX_QUEUED_FRAMES) this.#socket.pause()
        }
        break
      case 'answered':
        this.#dialogue.sayAll(frame.frames)
        if (frame.last) this.close(CloseCode.normal, 'goodbye')
        break
      case 'refused':
        this.#refuse(frame.reason, frame.about)
        break
      default:
        frame satisfies never
    }
  }

  async #authenticate({ token, ordered, ref }: AuthFrame): Promise<void> {
    if (this.#state.phase === 'awaiting-auth') clearTimeout(this.#state.timer)
    const authenticating: Authenticating = { phase: 'authenticating', backlog: [], ref }
    this.#state = authenticating
    if (ordered) this.#ops = this.#newQueue(true)
    const session = await verifySession(this.#parts.tokens, token, this.#parts.logger)
    if (this.#state !== authenticating) return
    if (typeof session === 'string') this.#failAuth(session, ref)
    else await this.#bind(session, authenticating)
  }

  async #bind(session: Session, authenticating: Authenticating | undefined): Promise<void> {
    if (this.#state.phase === 'awaiting-auth') clearTimeout(this.#state.timer)
    const confirming = confirmingOf(session, session.device ?? this.#device ?? 'default')
    this.#state = confirming
    this.#conduct.rates.share(this.#parts.userRates.messagesOf(session.user))
    for (const frame of authenticating?.backlog ?? []) this.#handle(frame)
    const { delivery } = this.protocol
    try {
      const bound = await this.#calls.bind(session, confirming.device, delivery, confirming.abandoned.signal)
      if (this.#state !== confirming) return
      if (!bound.ok) {
        if (authenticating && bound.reason === 'session_invalid')
          this.#failAuth(bound.reason, authenticating.ref)
        else this.#end(bound.reason)
        return
      }
      if (delivery !== this.protocol.delivery) return await this.#bind(confirming.session, undefined)
      this.#parts.metrics.binds.inc()
      if (authenticating) this.#dialogue.say(this.protocol.authenticated(session, authenticating.ref))
      // What an earlier bind on other terms has made the owner push is pushed again after this one.
      this.#inbox.confirm(bound.epoch, 0)
      this.#open(confirming, bound)
    } catch (error) {
      this.#onUnconfirmed(confirming, error)
    }
  }

  #onUnconfirmed(confirming: Confirming, error: unknown): void {
    if (this.#state !== confirming) return
    const { user } = confirming.session
    this.#parts.logger.warn({ err: error, connId: this.connId, user }, 'not confirmed')
    this.close(CloseCode.resync, 'resync')
  }

  #open({ session, device, held, doubted }: Confirming, attached: Attached): void {
    this.#state = { phase: 'bound', session, device, hostId: attached.hostId }
    for (const { epoch, n, event } of held) this.#deliver(epoch, n, event)
    if (!this.#inbox.confirm(attached.epoch, attached.n)) this.close(CloseCode.resync, 'resync')
    else if (doubted) void this.doubt()
    else this.#ops.open()
  }

  /** AUTH on an authenticated connection, and REAUTH: the same user's newer token takes the place of the old. */
  async #reauthenticate(frame: AuthFrame | ReauthFrame, session: Session): Promise<void> {
    const { ref } = aboutFrame(frame)
    const renewal = await renewSession(frame.token, session, this.#parts, this.#calls)
    if ('failed' in renewal) return this.#failAuth(renewal.failed, ref)
    if ('refused' in renewal) return this.#refuse(renewal.refused, { ref })
    if (!('session' in this.#state)) return
    this.#state.session = renewal.session
    if (frame.kind === 'auth') this.#dialogue.say(this.protocol.authenticated(renewal.session, ref))
  }

  #failAuth(reason: AuthFailure, ref: FrameRef | undefined): void {
    this.#parts.metrics.refusals[reason].inc()
    this.#dialogue.sayAll(this.protocol.authFailed(reason, ref))
    this.close(reason === 'session_invalid' ? CloseCode.sessionInvalid : CloseCode.unauthorized, reason)
  }

  #deliver(epoch: number, n: number, event: PushedEvent): void {
    if (!this.#inbox.take(epoch, n, event)) this.close(CloseCode.resync, 'resync')
  }

  #write(event: PushEvent): void {
    if (event.kind === 'entry') this.#parts.metrics.endToEndLatency.observeMs(Date.now() - event.entry.ts)
    this.#dialogue.push(event)
  }

  #newDialogue(socket: Socket, spoken: Spoken): Dialogue {
    return new Dialogue(socket, spoken, this.#parts.settings, {
      switched: from => this.#onSwitched(from),
      ended: (code, reason) => this.close(code, reason),
      taken: seq => this.#ops.add({ op: { op: 'taken', seq }, receivedAt: 0 }),
    })
  }

  /** Nothing has been asked or answered in the other protocol, but the bind was made on its terms. */
  #onSwitched({ name }: WireProtocol): void {
    this.#parts.metrics.connections[name].dec()
    this.#parts.metrics.connections[this.protocol.name].inc()
    this.#answers = this.#newAnswers()
    if (this.#state.phase !== 'bound') return
    this.#ops.close()
    void this.#bind(this.#state.session, undefined)
  }

  #newAnswers(): SendAnswers {
    const connection: Answering = {
      user: () => ('session' in this.#state ? this.#state.session.user : undefined),
      send: frame => this.#dialogue.say(frame),
      refuse: (reason, about) => this.#refuse(reason, about),
      resync: () => this.close(CloseCode.resync, 'resync'),
    }
    return new SendAnswers(connection, this.protocol, this.#parts)
  }

  #newQueue(ordered: boolean): OpQueue {
    const owner: OpQueueOwner = {
      call: ops => this.#calls.handle(this.#session, this.hostId, ops),
      answered: (op, result) => this.#answers.answered(op, result),
      whenHeard: heard => this.#dialogue.whenHeard(heard),
      settled: () => this.#onSettled(),
      refused: reason => this.#end(reason),
    }
    return new OpQueue(owner, ordered)
  }

  get #session(): Session {
    const session = 'session' in this.#state ? this.#state.session : this.#leaving
    if (!session) throw new Error('the connection is not bound')
    return session
  }

  async #leave(session: Session): Promise<void> {
    this.#leaving = session
    await this.#ops.finish()
    this.#calls.unbind(session)
  }

  #onSettled(): void {
    if (this.#ops.length < this.#parts.settings.MAX_QUEUED_FRAMES / 2) this.#socket.resume()
    if (this.#ops.quiet) this.#drained?.()
  }

  #refuseOverRate(frame: ClientFrame): void {
    if (frame.kind === 'op' && frame.op.op === 'send') this.#ops.addRefused(frame.op)
    this.#refuse('too_many_requests', aboutFrame(frame))
  }

  #refuse(reason: Reason, about: About = {}): void {
    if (this.#state.phase === 'closing') return
    this.#parts.metrics.refusals[reason].inc()
    this.#dialogue.say(this.protocol.refused(reason, about))
    const code = this.#conduct.refused(refusals[reason].then)
    if (code !== undefined) this.close(code, reason)
  }

  /** The actor does not have the connection in its route. */
  #end(reason: Refused['reason']): void {
    if (reason === 'unbound') this.close(CloseCode.resync, 'resync')
    else this.#refuse(reason)
  }
}
