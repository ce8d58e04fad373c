import type { Bus } from '../messaging/bus.ts'
import { subjects } from '../messaging/subjects.ts'
import type { PushEvent } from '../protocol/events.ts'

/** A connection an event is for: the epoch of its owner and the event's number in that epoch, from 1, gapless. */
export type PushTarget = readonly [connId: string, epoch: number, n: number]

/** One event on its way to connections of one gateway. */
export interface Push {
  readonly to: readonly PushTarget[]
  readonly event: PushEvent
}

/** Places events on connections: what one tick pushes to one gateway goes there as one value. */
export class Pushes {
  readonly #bus: Bus
  #waiting = new Map<string, Push[]>()

  constructor(bus: Bus) {
    this.#bus = bus
  }

  push(gatewayId: string, push: Push): void {
    if (this.#waiting.size === 0) queueMicrotask(() => this.#send())
    const waiting = this.#waiting.get(gatewayId)
    if (waiting) waiting.push(push)
    else this.#waiting.set(gatewayId, [push])
  }

  #send(): void {
    const waiting = this.#waiting
    this.#waiting = new Map()
    for (const [gatewayId, pushes] of waiting) this.#bus.publish(subjects.push(gatewayId), pushes)
  }
}
