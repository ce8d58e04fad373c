import type { PushEvent, PushedEvent } from '../../protocol/events.ts'
import type { HeldPushes } from './held-pushes.ts'
import { PresenceTold } from './presence-told.ts'
import { PushOrder } from './push-order.ts'

/** One connection's pushes: in the owner's order, and held until saved where that is asked for. */
export class PushInbox {
  readonly #order = new PushOrder()
  readonly #told = new PresenceTold()
  readonly #heldPushes: HeldPushes
  readonly #deliverBeforeSaved: boolean
  readonly #write: (event: PushEvent) => void
  #held: PushEvent[] = []

  constructor(heldPushes: HeldPushes, deliverBeforeSaved: boolean, write: (event: PushEvent) => void) {
    this.#heldPushes = heldPushes
    this.#deliverBeforeSaved = deliverBeforeSaved
    this.#write = write
  }

  /** False when pushes before this one are missing. */
  take(epoch: number, n: number, event: PushedEvent): boolean {
    const verdict = this.#order.judge(epoch, n)
    if (verdict === 'deliver') this.#sort(event)
    return verdict !== 'resync'
  }

  /** False when pushes that the owner made are missing. */
  confirm(epoch: number, n: number): boolean {
    return this.#order.confirm(epoch, n)
  }

  /** What waited for the watermark goes out as it passes. */
  release(position: number): boolean {
    const unsaved = this.#held.findIndex(event => event.kind === 'entry' && event.seq > position)
    for (const event of this.#held.splice(0, unsaved === -1 ? this.#held.length : unsaved)) this.#write(event)
    return this.#held.length > 0
  }

  /** The connection is closed: what is held goes nowhere. */
  close(): void {
    this.#heldPushes.forget(this)
  }

  /** A new owner of the user says of others' presence what the one before has said, or what is older. */
  #sort(event: PushedEvent): void {
    if (event.kind === 'presence-only') {
      for (const gone of this.#told.gone(event.users)) this.#deliver(gone)
      return
    }
    const telling = event.kind === 'presence' ? this.#told.take(event) : event
    if (telling) this.#deliver(telling)
  }

  #deliver(event: PushEvent): void {
    const unsaved = event.kind === 'entry' && event.seq > this.#heldPushes.position
    if (this.#held.length > 0 || (unsaved && !this.#deliverBeforeSaved)) this.#hold(event)
    else this.#write(event)
  }

  #hold(event: PushEvent): void {
    this.#held.push(event)
    this.#heldPushes.add(this)
  }
}
