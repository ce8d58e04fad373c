import type { Receipt } from './events.ts'
import type { OutboxMessage } from './outbox.ts'

/** A message between `send` and saved. */
export interface Outgoing {
  readonly message: OutboxMessage
  readonly lane: Lane
  /** Its place among the sends of this client. */
  readonly order: number
  /** `waiting` to go over the wire, `in-flight` until answered, `accepted` until saved, `done`. */
  phase: 'waiting' | 'in-flight' | 'accepted' | 'done'
  /** The outbox has it. */
  kept: boolean
  sentAt: number
  /** The first acceptance, also while it goes over the wire again after a reconnect. */
  receipt: Receipt | undefined
}

type LaneState =
  | { readonly name: 'open' }
  /** Something was refused: nothing more goes out, what is in flight is still to be answered. */
  | { readonly name: 'draining'; readonly attempt: number }
  | { readonly name: 'resting'; readonly attempt: number; readonly until: number }
  /** The oldest goes alone until it is taken. */
  | { readonly name: 'probing'; readonly attempt: number }

const inOrder = (a: Outgoing, b: Outgoing): number => a.order - b.order

/** The messages of one conversation, in the order of their sends. The rules it follows are on the Outbox port. */
export class Lane {
  readonly key: string
  readonly #restMs: (attempt: number) => number
  /** Ascending by order, from `#head` on. */
  #waiting: Outgoing[] = []
  #head = 0
  /** In flight or accepted, by clientMsgId. */
  readonly #unsaved = new Map<string, Outgoing>()
  /** Refused for now, while others are still in flight. */
  #refused: Outgoing[] = []
  #inFlight = 0
  #state: LaneState = { name: 'open' }

  constructor(key: string, restMs: (attempt: number) => number) {
    this.key = key
    this.#restMs = restMs
  }

  get isEmpty(): boolean {
    return this.#next() === undefined && this.#unsaved.size === 0 && this.#refused.length === 0
  }

  /** When a rest ends, on the client's clock; undefined when there is none. */
  get restsUntil(): number | undefined {
    return this.#state.name === 'resting' ? this.#state.until : undefined
  }

  add(outgoing: Outgoing): void {
    this.#waiting.push(outgoing)
  }

  isReady(now: number): boolean {
    if (!this.#next()?.kept) return false
    switch (this.#state.name) {
      case 'open':
        return true
      case 'draining':
        return false
      case 'resting':
        return now >= this.#state.until
      case 'probing':
        return this.#inFlight === 0
      default:
        return this.#state satisfies never
    }
  }

  /** The next message to go over the wire; call it only when ready. */
  take(now: number): Outgoing | undefined {
    const outgoing = this.#next()
    if (!outgoing) return undefined
    if (this.#state.name === 'resting') this.#state = { name: 'probing', attempt: this.#state.attempt }
    this.#head += 1
    outgoing.phase = 'in-flight'
    outgoing.sentAt = now
    this.#unsaved.set(outgoing.message.clientMsgId, outgoing)
    this.#inFlight += 1
    return outgoing
  }

  /** Accepted, saved or finally refused: the server will take the next one. */
  answered(outgoing: Outgoing, phase: 'accepted' | 'done', now: number): void {
    if (outgoing.phase === 'in-flight') this.#inFlight -= 1
    outgoing.phase = phase
    if (phase === 'done') this.#unsaved.delete(outgoing.message.clientMsgId)
    else this.#unsaved.set(outgoing.message.clientMsgId, outgoing)
    if (this.#state.name === 'probing') this.#state = { name: 'open' }
    this.#restWhenDrained(now)
  }

  /** Refused for now: it goes out again, before everything that was sent after it. */
  putBack(outgoing: Outgoing, now: number): void {
    if (outgoing.phase === 'in-flight') this.#inFlight -= 1
    outgoing.phase = 'waiting'
    this.#unsaved.delete(outgoing.message.clientMsgId)
    this.#refused.push(outgoing)
    const state = this.#state
    if (state.name === 'open') this.#state = { name: 'draining', attempt: 0 }
    if (state.name === 'probing') this.#state = { name: 'draining', attempt: state.attempt + 1 }
    this.#restWhenDrained(now)
  }

  /** The connection is gone: everything unsaved goes out again, from the oldest on. */
  restart(): void {
    for (const outgoing of this.#unsaved.values()) outgoing.phase = 'waiting'
    this.#refused.push(...this.#unsaved.values())
    this.#unsaved.clear()
    this.#inFlight = 0
    this.#state = { name: 'open' }
    this.#requeue()
  }

  /** When the oldest unanswered message was sent; undefined when all are answered. */
  get oldestSentAt(): number | undefined {
    if (this.#inFlight === 0) return undefined
    for (const outgoing of this.#unsaved.values()) if (outgoing.phase === 'in-flight') return outgoing.sentAt
    return undefined
  }

  #next(): Outgoing | undefined {
    while (this.#head < this.#waiting.length) {
      const outgoing = this.#waiting[this.#head]
      if (outgoing?.phase === 'waiting') return outgoing
      this.#head += 1
    }
    this.#waiting = []
    this.#head = 0
    return undefined
  }

  #requeue(): void {
    this.#waiting = this.#refused.concat(this.#waiting.slice(this.#head)).sort(inOrder)
    this.#head = 0
    this.#refused = []
  }

  #restWhenDrained(now: number): void {
    if (this.#state.name !== 'draining' || this.#inFlight > 0) return
    const { attempt } = this.#state
    this.#requeue()
    this.#state = { name: 'resting', attempt, until: now + this.#restMs(attempt) }
  }
}
