import type { DeliveryTerms, Sent } from '../../actors/user/contract.ts'
import { type Reason, refusals } from '../../protocol/errors.ts'
import type { PushEvent } from '../../protocol/events.ts'
import { directConversation, groupConversation, type Recipient, type UserId } from '../../protocol/ids.ts'
import { hasRole, type Session } from '../auth/tokens.ts'
import type {
  About,
  AuthFailure,
  ClientFrame,
  Liveness,
  TakeFrame,
  WireProtocol,
} from '../connection/wire-protocol.ts'
import {
  entryBody,
  failedBody,
  heartbeatBody,
  presenceBody,
  savedBody,
  sessionBody,
  summaryBody,
  systemBody,
} from './bodies.ts'
import { readSend } from './destinations.ts'
import { type StompVersion, stompVersions } from './escapes.ts'
import { encodeFrame, HEART_BEAT, type ServerCommand, type StompFrame } from './frame.ts'
import { agreeHeartBeat, type HeartBeat } from './heart-beat.ts'
import { BadFrame, StompParser } from './parser.ts'
import { destinationOf, type Queue, type Subscription, Subscriptions } from './subscriptions.ts'

export interface StompOptions {
  /** The token of the handshake, which a CONNECT without one means. */
  readonly token: string | undefined
  /** Where the two sides agree on no heart-beat. */
  readonly pingMs: number
  readonly idleMs: number
  /** Called when the connection is bound, and again when its token is renewed. */
  readonly bound: (session: Session) => void
}

type Text = string | undefined

/**
 * How far the conversation with a client is: before CONNECT nothing else is taken, between CONNECT and CONNECTED
 * nothing at all, and after a frame that cannot be read the stream is lost.
 */
type Phase =
  | { readonly at: 'start' }
  | { readonly at: 'connecting'; readonly heartBeat: HeartBeat }
  | { readonly at: 'connected'; readonly session: Session }
  | { readonly at: 'failed' }

/**
 * One connection of STOMP 1.0, 1.1 or 1.2. Clients get what is stored while they are connected, once: MESSAGE frames
 * wait for no ACK. What is for a queue before its SUBSCRIBE is kept. Source: the STOMP contract, and stomp.github.io.
 */
export class StompProtocol implements WireProtocol {
  readonly name = 'stomp'
  readonly delivery: DeliveryTerms = { outstanding: 0, resend: false }
  readonly #options: StompOptions
  readonly #parser = new StompParser()
  readonly #subscriptions = new Subscriptions()
  #phase: Phase = { at: 'start' }
  #version: StompVersion = '1.0'
  #liveness: Liveness
  #messages = 0
  /** The receipt that the frame in hand asks for: a refusal that closes says it was this frame. */
  #receipt: string | undefined

  constructor(options: StompOptions) {
    this.#options = options
    this.#liveness = { beat: undefined, beatMs: options.pingMs, idleMs: options.idleMs }
  }

  get liveness(): Liveness {
    return this.#liveness
  }

  decode(data: Buffer, _isBinary: boolean, _user: UserId | undefined, take: TakeFrame): void {
    if (this.#phase.at === 'failed') return
    try {
      for (const frame of this.#parser.read(data)) this.#read(frame, take)
    } catch (error) {
      if (!(error instanceof BadFrame)) throw error
      this.#phase = { at: 'failed' }
      this.#receipt = undefined
      take(refused('bad_frame'))
    }
  }

  authenticated(session: Session): Text {
    this.#options.bound(session)
    if (this.#phase.at !== 'connecting') return undefined
    const { heartBeat } = this.#phase
    this.#phase = { at: 'connected', session }
    this.#liveness = {
      beat: heartBeat.sendMs === undefined ? undefined : HEART_BEAT,
      beatMs: heartBeat.sendMs ?? this.#options.pingMs,
      idleMs: heartBeat.silentMs ?? this.#options.idleMs,
    }
    this.#deliver('messages', systemBody('CONNECT_SUCCESS', 'connected', { userId: session.user }))
    return this.#encode('CONNECTED', {
      version: this.#version,
      'heart-beat': heartBeat.header,
      server: 'homing',
      'user-name': session.user,
    })
  }

  authFailed(reason: AuthFailure): readonly string[] {
    return [this.#error(reason)]
  }

  /** A heart-beat sent as a message is answered as one. */
  pong(): Text {
    return this.#deliver('heartbeat', heartbeatBody())
  }

  accepted(): Text {
    return undefined
  }

  saved(user: UserId, to: Recipient, clientMsgId: string, { seq }: Sent): Text {
    const conversation = 'to' in to ? directConversation(user, to.to) : groupConversation(to.group)
    return this.#deliver('reply', savedBody(clientMsgId, conversation, seq))
  }

  /** No client of this protocol takes messages back. */
  revoked(): Text {
    return undefined
  }

  synced(): Text {
    return undefined
  }

  refused(reason: Reason, about: About): Text {
    if (typeof refusals[reason].then === 'number') return this.#error(reason)
    if (about.clientMsgId === undefined)
      return this.#deliver('reply', systemBody(reason, refusals[reason].message))
    return this.#deliver('reply', failedBody(reason, about, this.#conversationOf(about)))
  }

  event(event: PushEvent): readonly string[] {
    switch (event.kind) {
      case 'entry':
        return listOf(this.#deliver('messages', entryBody(event.seq, event.entry)))
      case 'summary':
        return listOf(this.#deliver('offline-summary', summaryBody(event.conversations)))
      case 'session':
        return listOf(this.#deliver('session', sessionBody(event.session)))
      case 'presence':
        return listOf(this.#deliver('presence', presenceBody(event)))
      case 'receipt':
        return []
      default:
        return event satisfies never
    }
  }

  #read(frame: StompFrame, take: TakeFrame): void {
    const receipt = frame.headers.get('receipt')
    this.#receipt = receipt
    const isConnect = frame.command === 'CONNECT' || frame.command === 'STOMP'
    if (this.#phase.at === 'start' && isConnect) take(this.#connect(frame.headers))
    else if (this.#phase.at !== 'connected') take(refused('unauthorized'))
    else {
      const read = this.#readConnected(frame, this.#phase.session)
      take(read)
      if (receipt !== undefined && read.kind !== 'answered')
        take({ kind: 'answered', frames: [this.#receiptFor(receipt)] })
    }
    this.#receipt = undefined
  }

  /** Source: STOMP 1.2, "CONNECT or STOMP Frame". A client that names no version speaks 1.0. */
  #connect(headers: ReadonlyMap<string, string>): ClientFrame {
    const offered = (headers.get('accept-version') ?? '1.0').split(',').map(text => text.trim())
    const version = stompVersions.find(known => offered.includes(known))
    if (version === undefined) return refused('bad_frame')
    this.#version = version
    this.#parser.version = version
    this.#phase = { at: 'connecting', heartBeat: agreeHeartBeat(headers.get('heart-beat')) }
    return { kind: 'auth', token: tokenOf(headers) ?? this.#options.token, ordered: false }
  }

  #readConnected({ command, headers, body }: StompFrame, session: Session): ClientFrame {
    switch (command) {
      case 'SEND':
        return readSend(headers.get('destination'), body, {
          user: session.user,
          isAgent: hasRole(session, 'agent'),
        })
      case 'SUBSCRIBE':
        return this.#subscribe(headers)
      case 'UNSUBSCRIBE':
        this.#subscriptions.unsubscribe(subscriptionId(headers))
        return this.#answered()
      case 'ACK':
      case 'NACK':
        return this.#answered()
      case 'DISCONNECT':
        return { ...this.#answered(), last: true }
      // A second CONNECT, and transactions, which nobody here has a use for.
      case 'CONNECT':
      case 'STOMP':
      case 'BEGIN':
      case 'COMMIT':
      case 'ABORT':
        return refused('bad_frame')
      default:
        return command satisfies never
    }
  }

  #subscribe(headers: ReadonlyMap<string, string>): ClientFrame {
    const id = subscriptionId(headers)
    const acks = (headers.get('ack') ?? 'auto') !== 'auto'
    const outcome = this.#subscriptions.subscribe(id, headers.get('destination') ?? '', acks)
    if (!outcome.ok) return refused(outcome.reason)
    const subscription = this.#subscriptions.get(id)
    const kept = subscription ? outcome.kept.map(body => this.#message(subscription, body)) : []
    return this.#answered(kept)
  }

  /** What the protocol says to a frame by itself, the receipt first. */
  #answered(frames: readonly string[] = []): ClientFrame & { kind: 'answered' } {
    const receipt = this.#receipt
    return {
      kind: 'answered',
      frames: receipt === undefined ? frames : [this.#receiptFor(receipt), ...frames],
    }
  }

  #receiptFor(receipt: string): string {
    return this.#encode('RECEIPT', { 'receipt-id': receipt })
  }

  /** The MESSAGE frames for whoever listens to the queue; undefined when it has been kept. */
  #deliver(queue: Queue, body: string): Text {
    const receivers = this.#subscriptions.receivers(queue, body)
    if (receivers.length === 0) return undefined
    return receivers.map(subscription => this.#message(subscription, body)).join('')
  }

  #message({ id, queue, acks }: Subscription, body: string): string {
    const messageId = String(++this.#messages)
    return this.#encode(
      'MESSAGE',
      {
        destination: destinationOf(queue),
        subscription: id,
        'message-id': messageId,
        ack: acks ? messageId : undefined,
        'content-type': 'application/json',
      },
      body,
    )
  }

  /** An ERROR is the last that a client hears: the connection is closed after it. */
  #error(reason: Reason): string {
    return this.#encode(
      'ERROR',
      {
        message: reason,
        version: this.#phase.at === 'start' ? '1.0,1.1,1.2' : undefined,
        'receipt-id': this.#receipt,
        'content-type': 'text/plain',
      },
      refusals[reason].message,
    )
  }

  #encode(
    command: ServerCommand,
    headers: Readonly<Record<string, string | undefined>>,
    body?: string,
  ): string {
    return encodeFrame(this.#version, command, headers, body)
  }

  #conversationOf({ to, groupId }: About): string | undefined {
    if (groupId) return groupConversation(groupId)
    return to !== undefined && this.#phase.at === 'connected'
      ? directConversation(this.#phase.session.user, to)
      : undefined
  }
}

const listOf = (frame: Text): readonly string[] => (frame === undefined ? [] : [frame])

const refused = (reason: Reason): ClientFrame => ({ kind: 'refused', reason, about: {} })

/** STOMP 1.0 lets a subscription go without an id: then its destination is its name. */
const subscriptionId = (headers: ReadonlyMap<string, string>): string =>
  headers.get('id') ?? headers.get('destination') ?? ''

function tokenOf(headers: ReadonlyMap<string, string>): string | undefined {
  const given = headers.get('Authorization') ?? headers.get('authorization') ?? headers.get('token')
  return given?.replace(/^Bearer +/i, '').trim()
}
