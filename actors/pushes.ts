import type { Bus } from '../messaging/bus.ts'
import { subjects } from '../messaging/subjects.ts'
import type { PushedEvent } from '../protocol/events.ts'

/** A connection an event is for: the epoch of its owner and the event's number in that epoch, from 1, gapless. */
export type PushTarget = readonly [connId: string, epoch: number, n: number]

/** One event on its way to connections of one gateway. */
export interface Push {
  readonly to: readonly PushTarget[]
  readonly event: PushedEvent
}

interface WaitingPush extends Push {
  readonly to: PushTarget[]
}

/** What goes to one gateway as one value. */
interface Batch {
  readonly pushes: WaitingPush[]
  characters: number
}

/** Characters of texts that one value carries at most: in JSON each may be six bytes, and the bus carries 4 MB. */
const MAX_CHARACTERS = 524_288

/**
 * Places events on connections: what one tick pushes to one gateway goes there as one value, if it is not too large,
 * and the same event object pushed to many connections, one after the other, is in it once.
 */
export class Pushes {
  readonly #bus: Bus
  #waiting = new Map<string, Batch>()

  constructor(bus: Bus) {
    this.#bus = bus
  }

  push(gatewayId: string, target: PushTarget, event: PushedEvent): void {
    if (this.#waiting.size === 0) queueMicrotask(() => this.#send())
    const waiting = this.#waiting.get(gatewayId)
    const last = waiting?.pushes.at(-1)
    if (last?.event === event) {
      last.to.push(target)
      return
    }
    const characters = charactersOf(event)
    if (waiting && waiting.characters + characters <= MAX_CHARACTERS) {
      waiting.pushes.push({ to: [target], event })
      waiting.characters += characters
      return
    }
    if (waiting) this.#publish(gatewayId, waiting)
    this.#waiting.set(gatewayId, { pushes: [{ to: [target], event }], characters })
  }

  #send(): void {
    const waiting = this.#waiting
    this.#waiting = new Map()
    for (const [gatewayId, batch] of waiting) this.#publish(gatewayId, batch)
  }

  #publish(gatewayId: string, { pushes }: Batch): void {
    this.#bus.publish(subjects.push(gatewayId), pushes)
  }
}

const charactersOf = (event: PushedEvent): number =>
  event.kind === 'entry' && 'body' in event.entry ? event.entry.body.length : 0
