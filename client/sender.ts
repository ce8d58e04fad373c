import { isClientMsgId } from '../protocol/ids.ts'
import type { Receipt } from './events.ts'
import { type Draft, messageFrame, type ServerFrame, textId } from './frames.ts'
import type { Outgoing } from './lane.ts'
import type { Outbox, OutboxMessage } from './outbox.ts'
import { isRetryable, Refused } from './refused.ts'
import type { SendQueue } from './send-queue.ts'
import type { WireProtocol } from './wire-protocol.ts'

/**
 * What `send` answers. The promises outlast every lost connection; they reject with `Refused` when the server says
 * no for good, with `Unsupported` when the wire protocol cannot carry the message, and with the outbox's error when
 * it could not be kept. Nobody has to wait for them.
 */
export interface Sent {
  readonly clientMsgId: string
  readonly accepted: Promise<Receipt>
  readonly saved: Promise<Receipt>
}

export interface SenderListener {
  accepted(receipt: Receipt): void
  saved(receipt: Receipt): void
  /** An earlier run left a message that this client's protocol cannot carry; it stays in the outbox. */
  leftOut(clientMsgId: string, error: Error): void
  /** There may be something for the wire. */
  ready(): void
}

interface Promised {
  readonly sent: Sent
  readonly accepted: PromiseWithResolvers<Receipt>
  readonly saved: PromiseWithResolvers<Receipt>
}

const ignore = () => {}

/** The sending side: outbox, queue and the promises to the application. */
export class Sender {
  readonly #queue: SendQueue
  readonly #outbox: Outbox
  readonly #protocol: WireProtocol
  readonly #listener: SenderListener
  readonly #promised = new Map<string, Promised>()
  #loading: Promise<void> | undefined

  constructor(queue: SendQueue, outbox: Outbox, protocol: WireProtocol, listener: SenderListener) {
    this.#queue = queue
    this.#outbox = outbox
    this.#protocol = protocol
    this.#listener = listener
  }

  /** Puts what an earlier run left before everything else; once, however often it is called. */
  load(): Promise<void> {
    this.#loading ??= this.#outbox.load().then(messages => this.#restore(messages))
    return this.#loading
  }

  send(clientMsgId: string, draft: Draft): Sent {
    const known = this.#promised.get(clientMsgId)
    if (known) return known.sent
    const promised = this.#promise(clientMsgId)
    const message: OutboxMessage = { ...draft, clientMsgId }
    if (!isClientMsgId(clientMsgId)) return this.#fail(promised, new Refused('bad_msg_id'))
    const refusal = this.#protocol.refusal(messageFrame(message))
    if (refusal) return this.#fail(promised, refusal)
    this.#promised.set(clientMsgId, promised)
    this.#keep(message)
    return promised.sent
  }

  accepted(frame: ServerFrame, now: number): void {
    const receipt = receiptOf(frame)
    if (!this.#queue.accepted(receipt, now)) return
    this.#promised.get(receipt.clientMsgId)?.accepted.resolve(receipt)
    this.#listener.accepted(receipt)
  }

  saved(frame: ServerFrame, now: number): void {
    const receipt = receiptOf(frame)
    this.accepted(frame, now)
    if (!this.#finish(receipt.clientMsgId, now)) return
    this.#promised.get(receipt.clientMsgId)?.saved.resolve(receipt)
    this.#promised.delete(receipt.clientMsgId)
    this.#listener.saved(receipt)
  }

  /** Whether this was about a message on its way. */
  refused(clientMsgId: string, reason: string, now: number): boolean {
    if (!this.#queue.get(clientMsgId)) return false
    if (isRetryable(reason)) this.#queue.putBack(clientMsgId, now)
    else if (this.#finish(clientMsgId, now)) this.#reject(clientMsgId, new Refused(reason))
    return true
  }

  #restore(messages: readonly OutboxMessage[]): void {
    const carried: OutboxMessage[] = []
    for (const message of messages) {
      const refusal = this.#protocol.refusal(messageFrame(message))
      if (refusal) this.#listener.leftOut(message.clientMsgId, refusal)
      else carried.push(message)
    }
    this.#queue.restore(carried)
  }

  #keep(message: OutboxMessage): void {
    const keeping = this.#outbox.add(message)
    const outgoing = this.#queue.add(message, keeping === undefined)
    keeping?.then(
      () => this.#kept(outgoing),
      error => {
        this.#queue.finish(message.clientMsgId, 0)
        this.#reject(message.clientMsgId, error)
      },
    )
  }

  #kept(outgoing: Outgoing): void {
    this.#queue.keep(outgoing)
    this.#listener.ready()
  }

  #finish(clientMsgId: string, now: number): boolean {
    if (!this.#queue.finish(clientMsgId, now)) return false
    this.#outbox.remove(clientMsgId)?.catch(ignore) // a later run repeats it once more and is told so
    return true
  }

  #promise(clientMsgId: string): Promised {
    const accepted = Promise.withResolvers<Receipt>()
    const saved = Promise.withResolvers<Receipt>()
    accepted.promise.catch(ignore)
    saved.promise.catch(ignore)
    return { accepted, saved, sent: { clientMsgId, accepted: accepted.promise, saved: saved.promise } }
  }

  #reject(clientMsgId: string, error: unknown): void {
    const promised = this.#promised.get(clientMsgId)
    this.#promised.delete(clientMsgId)
    if (promised) this.#fail(promised, error)
  }

  #fail(promised: Promised, error: unknown): Sent {
    promised.accepted.reject(error)
    promised.saved.reject(error)
    return promised.sent
  }
}

const receiptOf = (frame: ServerFrame): Receipt => ({
  clientMsgId: frame.clientMsgId ?? '',
  serverMsgId: textId(frame.serverMsgId),
  ts: frame.ts ?? 0,
})
