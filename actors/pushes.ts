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

/**
 * Places events on connections: what one tick pushes to one gateway goes there as one value, and the same event object
 * pushed to many connections, one after the other, is in it once.
 */
export class Pushes {
  readonly #bus: Bus
  #waiting = new Map<string, WaitingPush[]>()

  constructor(bus: Bus) {
    this.#bus = bus
  }

  push(gatewayId: string, target: PushTarget, event: PushedEvent): void {
    if (this.#waiting.size === 0) queueMicrotask(() => this.#send())
    const waiting = this.#waiting.get(gatewayId)
    const last = waiting?.at(-1)
    if (!waiting) this.#waiting.set(gatewayId, [{ to: [target], event }])
    else if (last?.event === event) last.to.push(target)
    else waiting.push({ to: [target], event })
  }

  #send(): void {
    const waiting = this.#waiting
    this.#waiting = new Map()
    for (const [gatewayId, pushes] of waiting) this.#bus.publish(subjects.push(gatewayId), pushes)
  }
}
