import type { Attached, Op, Refused } from '../actors/user/contract.ts'
import { CloseCode } from '../protocol/close-codes.ts'
import { type Reason, refusals } from '../protocol/errors.ts'
import type { PushEvent, PushedEvent } from '../protocol/events.ts'
import type { PresenceStatus } from '../protocol/presence.ts'
import { ActorCalls } from './actor-calls.ts'
import type { Session } from './auth/tokens.ts'
import { verifySession } from './auth/verify-session.ts'
import { Conduct } from './conduct.ts'
import type { ConnectionParts } from './connection-parts.ts'
import {
  type Authenticating,
  type Confirming,
  type ConnectionState,
  confirmingOf,
} from './connection-state.ts'
import { OpQueue, type OpQueueOwner, type QueuedOp } from './op-queue.ts'
import { Outbound } from './outbound.ts'
import { Pulse } from './pulse.ts'
import { PushInbox } from './push-inbox.ts'
import { type Answering, SendAnswers } from './send-answers.ts'
import type { Socket } from './socket.ts'
import {
  type About,
  type AuthFailure,
  aboutFrame,
  type ClientFrame,
  type Wire,
  type WireProtocol,
} from './wire-protocol.ts'

/** One client's connection, from the making of its socket to its close. */
export class Connection {
  readonly connId: string
  readonly #protocol: WireProtocol
  readonly #parts: ConnectionParts
  readonly #calls: ActorCalls
  readonly #answers: SendAnswers
  readonly #socket: Socket
  readonly #outbound: Outbound
  readonly #pulse: Pulse
  readonly #conduct: Conduct
  readonly #inbox: PushInbox
  readonly #device: string | undefined
  #ops: OpQueue
  #state: ConnectionState
  /** Whose last operations are still being done after the end. */
  #leaving: Session | undefined
  #drained: (() => void) | undefined

  constructor(
    connId: string,
    socket: Socket,
    protocol: WireProtocol,
    parts: ConnectionParts,
    device?: string,
  ) {
    const { settings } = parts
    this.connId = connId
    this.#protocol = protocol
    this.#parts = parts
    this.#calls = new ActorCalls(connId, parts)
    this.#answers = this.#newAnswers()
    this.#device = device
    this.#socket = socket
    this.#outbound = new Outbound(socket, {
      slowBytes: settings.SEND_BUFFER_BYTES,
      slowMs: settings.SLOW_TIMEOUT_MS,
    })
    this.#pulse = new Pulse(socket, this.#outbound, protocol, settings)
    this.#conduct = new Conduct(settings)
    this.#inbox = new PushInbox(parts.heldPushes, settings.DELIVER_BEFORE_SAVED, event => this.#write(event))
    this.#ops = this.#newQueue(false)
    const timer = setTimeout(() => this.#onAuthTimeout(), settings.AUTH_TIMEOUT_MS)
    this.#state = { phase: 'awaiting-auth', timer }
    socket.listen({
      message: (data, isBinary) => this.#onMessage(data, isBinary),
      alive: () => this.#pulse.alive(),
      closed: () => this.#onClosed(),
    })
  }

  /** The host its actor was last known on, while bound. */
  get hostId(): string | undefined {
    return this.#state.phase === 'bound' ? this.#state.hostId : undefined
  }

  /** What its client has said last of how it is there. */
  get presence(): PresenceStatus {
    return this.#calls.presence
  }

  get queuedOps(): number {
    return this.#ops.length
  }

  /** Binds a session that the handshake has verified. */
  begin(session: Session): void {
    void this.#bind(session, undefined)
  }

  /** Takes a push from the user's actor. */
  push(epoch: number, n: number, event: PushedEvent): void {
    const state = this.#state
    if (state.phase === 'confirming') state.held.push({ epoch, n, event })
    else if (state.phase === 'bound') this.#deliver(epoch, n, event)
  }

  /** A new owner of the user says that the connection is its own now. False when it is gone. */
  attach(attached: Attached): boolean {
    if (this.#state.phase !== 'bound' && this.#state.phase !== 'confirming') return false
    if (this.#state.phase === 'bound') this.#state = { ...this.#state, hostId: attached.hostId }
    if (!this.#inbox.confirm(attached.epoch, attached.n)) this.close(CloseCode.resync, 'resync')
    return true
  }

  /** Asks the actor whether the connection is still the user's; nothing is accepted or delivered until then. */
  async doubt(): Promise<void> {
    if (this.#state.phase === 'confirming') this.#state.doubted = true
    if (this.#state.phase !== 'bound') return
    const confirming = confirmingOf(this.#state.session, this.#state.device)
    this.#state = confirming
    this.#ops.close()
    try {
      const touched = await this.#parts.touches.run(() => {
        confirming.doubted = false
        return this.#calls.touch(confirming.session, confirming.abandoned.signal)
      })
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
    else if (this.#pulse.isIdle(now)) this.close(CloseCode.resync, 'idle')
    else if (this.#outbound.isTooSlow(now)) this.close(CloseCode.slow, 'slow')
    else this.#pulse.beat(now)
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
    this.#pulse.alive()
    const user = 'session' in this.#state ? this.#state.session.user : undefined
    this.#protocol.decode(data, isBinary, user, this.#take)
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
        if (frame.kind === 'auth') void this.#authenticate(frame.token, frame.ordered)
        else this.#refuse('unauthorized')
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
        this.#send(this.#protocol.pong())
        break
      case 'auth':
        void this.#reauthenticate(frame.token, session, true)
        break
      case 'reauth':
        void this.#reauthenticate(frame.token, session, false)
        break
      case 'op':
        if (isPaced(frame.op) && !this.#conduct.rates.message()) this.#refuseOverRate(frame)
        else this.#enqueue({ op: frame.op, receivedAt: performance.now() })
        break
      case 'answered':
        for (const answer of frame.frames) this.#send(answer)
        if (frame.last) this.close(CloseCode.normal, 'goodbye')
        break
      case 'refused':
        this.#refuse(frame.reason, frame.about)
        break
      default:
        frame satisfies never
    }
  }

  #enqueue(op: QueuedOp): void {
    this.#ops.add(op)
    if (this.#ops.length >= this.#parts.settings.MAX_QUEUED_FRAMES) this.#socket.pause()
  }

  async #authenticate(token: string | undefined, ordered: boolean): Promise<void> {
    if (this.#state.phase === 'awaiting-auth') clearTimeout(this.#state.timer)
    const authenticating: Authenticating = { phase: 'authenticating', backlog: [] }
    this.#state = authenticating
    if (ordered) this.#ops = this.#newQueue(true)
    const session = await verifySession(this.#parts.tokens, token, this.#parts.logger)
    if (this.#state !== authenticating) return
    if (typeof session === 'string') this.#failAuth(session)
    else await this.#bind(session, authenticating)
  }

  async #bind(session: Session, authenticating: Authenticating | undefined): Promise<void> {
    if (this.#state.phase === 'awaiting-auth') clearTimeout(this.#state.timer)
    const confirming = confirmingOf(session, session.device ?? this.#device ?? 'default')
    this.#state = confirming
    for (const frame of authenticating?.backlog ?? []) this.#handle(frame)
    const { device, abandoned } = confirming
    try {
      const bound = await this.#calls.bind(session, device, this.#protocol.delivery, abandoned.signal)
      if (this.#state !== confirming) return
      if (!bound.ok) return authenticating ? this.#failAuth('session_invalid') : this.#end(bound.reason)
      this.#parts.metrics.binds.inc()
      if (authenticating) this.#send(this.#protocol.authenticated(session))
      this.#open(confirming, bound)
    } catch (error) {
      this.#onUnconfirmed(confirming, error)
    }
  }

  #onUnconfirmed(confirming: Confirming, error: unknown): void {
    if (this.#state !== confirming) return
    this.#parts.logger.warn(
      { err: error, connId: this.connId, user: confirming.session.user },
      'not confirmed',
    )
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
  async #reauthenticate(token: string | undefined, session: Session, answer: boolean): Promise<void> {
    const renewed = await verifySession(this.#parts.tokens, token, this.#parts.logger)
    if (typeof renewed === 'string') return this.#failAuth(renewed)
    if (renewed.user !== session.user) return this.#refuse('reauth_uid_mismatch')
    try {
      const check = await this.#calls.checkSession(renewed)
      if (!check.ok) return this.#failAuth(check.reason)
    } catch {
      return this.#refuse('server_busy')
    }
    if (!('session' in this.#state)) return
    // The binding keeps the session version it was made with; a token of the same one only lives longer.
    this.#state.session = { ...renewed, sv: session.sv }
    if (answer) this.#send(this.#protocol.authenticated(renewed))
  }

  #failAuth(reason: AuthFailure): void {
    this.#parts.metrics.refusals[reason].inc()
    this.#send(this.#protocol.authFailed(reason))
    this.close(reason === 'session_invalid' ? CloseCode.sessionInvalid : CloseCode.unauthorized, reason)
  }

  #deliver(epoch: number, n: number, event: PushedEvent): void {
    if (!this.#inbox.take(epoch, n, event)) this.close(CloseCode.resync, 'resync')
  }

  #write(event: PushEvent): void {
    if (event.kind === 'entry') this.#parts.metrics.endToEndLatency.observeMs(Date.now() - event.entry.ts)
    for (const frame of this.#protocol.event(event)) this.#outbound.send(frame)
  }

  #newAnswers(): SendAnswers {
    const userOf = () => ('session' in this.#state ? this.#state.session.user : undefined)
    const connection: Answering = {
      get user() {
        return userOf()
      },
      send: frame => this.#send(frame),
      refuse: (reason, about) => this.#refuse(reason, about),
      resync: () => this.close(CloseCode.resync, 'resync'),
    }
    return new SendAnswers(connection, this.#protocol, this.#parts)
  }

  #newQueue(ordered: boolean): OpQueue {
    const owner: OpQueueOwner = {
      call: ops => this.#calls.handle(this.#session, ops),
      answered: (op, result) => this.#answers.answered(op, result),
      settled: () => this.#onSettled(),
      refused: reason => this.#end(reason),
    }
    return new OpQueue(owner, this.#parts.lingering, ordered)
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
    this.#send(this.#protocol.refused(reason, about))
    const code = this.#conduct.refused(refusals[reason].then)
    if (code !== undefined) this.close(code, reason)
  }

  /** The actor does not have the connection in its route. */
  #end(reason: Refused['reason']): void {
    if (reason === 'unbound') this.close(CloseCode.resync, 'resync')
    else this.#refuse(reason)
  }

  #send(frame: Wire): void {
    if (frame !== undefined) this.#outbound.send(frame)
  }

  #onClosed(): void {
    this.close(CloseCode.goingAway, 'closed by peer')
    this.#parts.closed()
  }
}

/** What costs others something is paced as messages are. */
const isPaced = ({ op }: Op): boolean => op !== 'delivered' && op !== 'read'
