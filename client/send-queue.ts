import { type Backoff, jittered } from './backoff.ts'
import type { Receipt } from './events.ts'
import type { Target } from './frames.ts'
import { Lane, type Outgoing } from './lane.ts'
import type { OutboxMessage } from './outbox.ts'

export interface SendQueueOptions {
  /** How many unanswered messages may be on the wire. */
  readonly window: number
  readonly backoff: Backoff
  readonly random: () => number
}

const laneKey = (target: Target): string =>
  target.to === undefined ? `group:${target.groupId}` : `direct:${target.to}`

/**
 * Everything unsaved, and which message goes over the wire next. It knows no socket, no timer and no file: times
 * (ms, one growing clock) are passed in. Conversations take turns; within one, order is kept (see the Outbox port).
 */
export class SendQueue {
  readonly #options: SendQueueOptions
  readonly #lanes = new Map<string, Lane>()
  readonly #byId = new Map<string, Outgoing>()
  /** Lanes that may have something to take now. */
  readonly #ready = new Set<Lane>()
  readonly #resting = new Set<Lane>()
  #order = 0
  #inFlight = 0

  constructor(options: SendQueueOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#byId.size
  }

  get(clientMsgId: string): Outgoing | undefined {
    return this.#byId.get(clientMsgId)
  }

  /** `kept`: whether the outbox has it already; if not, say so by `keep`. */
  add(message: OutboxMessage, kept: boolean): Outgoing {
    this.#order += 1
    const outgoing = this.#create(message, this.#order, kept)
    outgoing.lane.add(outgoing)
    this.#look(outgoing.lane, 0)
    return outgoing
  }

  /** What an earlier run left, before everything of this one. */
  restore(messages: readonly OutboxMessage[]): void {
    messages.forEach((message, index) => {
      if (this.#byId.has(message.clientMsgId)) return
      const outgoing = this.#create(message, index - messages.length, true)
      outgoing.lane.add(outgoing)
    })
    this.restart()
  }

  keep(outgoing: Outgoing): void {
    outgoing.kept = true
    this.#look(outgoing.lane, 0)
  }

  /** The next message for the wire, or undefined when the window is full or nothing may go now. */
  take(now: number): OutboxMessage | undefined {
    if (!this.hasNext(now)) return undefined
    for (const lane of this.#ready) {
      const outgoing = lane.take(now)
      this.#ready.delete(lane)
      this.#look(lane, now)
      if (!outgoing) continue
      this.#inFlight += 1
      return outgoing.message
    }
    return undefined
  }

  hasNext(now: number): boolean {
    for (const lane of this.#resting) if (now >= (lane.restsUntil ?? 0)) this.#look(lane, now)
    return this.#ready.size > 0 && this.#inFlight < this.#options.window
  }

  /** When the first rest ends; Infinity when none is taken. */
  get wakeAt(): number {
    let at = Number.POSITIVE_INFINITY
    for (const lane of this.#resting) at = Math.min(at, lane.restsUntil ?? at)
    return at
  }

  /** Answers the message when this is the first news of its acceptance. */
  accepted(receipt: Receipt, now: number): Outgoing | undefined {
    const outgoing = this.#byId.get(receipt.clientMsgId)
    if (!outgoing) return undefined
    const isNews = outgoing.receipt === undefined
    outgoing.receipt ??= receipt
    this.#answered(outgoing, 'accepted', now)
    return isNews ? outgoing : undefined
  }

  /** Saved or finally refused: the message leaves. */
  finish(clientMsgId: string, now: number): Outgoing | undefined {
    const outgoing = this.#byId.get(clientMsgId)
    if (!outgoing) return undefined
    this.#byId.delete(clientMsgId)
    this.#answered(outgoing, 'done', now)
    return outgoing
  }

  /** Refused for now. */
  putBack(clientMsgId: string, now: number): void {
    const outgoing = this.#byId.get(clientMsgId)
    if (!outgoing || outgoing.phase === 'waiting') return
    if (outgoing.phase === 'in-flight') this.#inFlight -= 1
    outgoing.lane.putBack(outgoing, now)
    this.#look(outgoing.lane, now)
  }

  /** The connection is gone. */
  restart(): void {
    this.#inFlight = 0
    for (const lane of this.#lanes.values()) {
      lane.restart()
      this.#look(lane, 0)
    }
  }

  /** Whether a message has been on the wire since before `time` without any answer. */
  isOverdue(time: number): boolean {
    if (this.#inFlight === 0) return false
    for (const lane of this.#lanes.values()) if ((lane.oldestSentAt ?? time) < time) return true
    return false
  }

  #create(message: OutboxMessage, order: number, kept: boolean): Outgoing {
    const key = laneKey(message)
    let lane = this.#lanes.get(key)
    if (!lane) {
      const { backoff, random } = this.#options
      lane = new Lane(key, attempt => jittered(backoff, attempt, random))
      this.#lanes.set(key, lane)
    }
    const outgoing: Outgoing = { message, lane, order, phase: 'waiting', kept, sentAt: 0, receipt: undefined }
    this.#byId.set(message.clientMsgId, outgoing)
    return outgoing
  }

  #answered(outgoing: Outgoing, phase: 'accepted' | 'done', now: number): void {
    if (outgoing.phase === 'in-flight') this.#inFlight -= 1
    outgoing.lane.answered(outgoing, phase, now)
    this.#look(outgoing.lane, now)
  }

  #look(lane: Lane, now: number): void {
    if (lane.isReady(now)) this.#ready.add(lane)
    else this.#ready.delete(lane)
    if (lane.restsUntil === undefined) this.#resting.delete(lane)
    else this.#resting.add(lane)
    if (lane.isEmpty) this.#lanes.delete(lane.key)
  }
}
