import type { Watermark } from '../messaging/watermark.ts'
import type { PushEvent } from '../protocol/events.ts'
import { PushOrder } from './push-order.ts'

/** One connection's pushes: in the owner's order, and held until saved where that is asked for. */
export class PushInbox {
  readonly #order = new PushOrder()
  readonly #watermark: Watermark
  readonly #deliverBeforeSaved: boolean
  readonly #write: (event: PushEvent) => void
  #held: PushEvent[] = []

  constructor(watermark: Watermark, deliverBeforeSaved: boolean, write: (event: PushEvent) => void) {
    this.#watermark = watermark
    this.#deliverBeforeSaved = deliverBeforeSaved
    this.#write = write
  }

  /** False when pushes before this one are missing. */
  take(epoch: number, n: number, event: PushEvent): boolean {
    const verdict = this.#order.judge(epoch, n)
    if (verdict === 'deliver') this.#deliver(event)
    return verdict !== 'resync'
  }

  /** False when pushes that the owner made are missing. */
  confirm(epoch: number, n: number): boolean {
    return this.#order.confirm(epoch, n)
  }

  /** What waited for the watermark goes out as it passes. */
  savedUpTo(position: number): void {
    const unsaved = this.#held.findIndex(event => event.kind === 'entry' && event.seq > position)
    for (const event of this.#held.splice(0, unsaved === -1 ? this.#held.length : unsaved)) this.#write(event)
  }

  #deliver(event: PushEvent): void {
    const unsaved = event.kind === 'entry' && event.seq > this.#watermark.position
    if (this.#held.length > 0 || (unsaved && !this.#deliverBeforeSaved)) this.#held.push(event)
    else this.#write(event)
  }
}
