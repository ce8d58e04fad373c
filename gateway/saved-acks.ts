import type { Sent } from '../actors/user/contract.ts'
import type { Watermark } from '../messaging/watermark.ts'
import type { UserId } from '../protocol/ids.ts'

/** A message that has been acknowledged as accepted (or would have been) and waits for the watermark. */
export interface AwaitingSave extends Sent {
  readonly clientMsgId: string
  readonly to: UserId
  /** performance.now() when its frame came. */
  readonly receivedAt: number
}

export interface SaveListener {
  saved(messages: readonly AwaitingSave[]): void
}

/** Tells each connection which of its messages the watermark has passed: no actor turn a message. */
export class SavedAcks {
  readonly #watermark: Watermark
  readonly #waiting = new Map<SaveListener, AwaitingSave[]>()

  constructor(watermark: Watermark) {
    this.#watermark = watermark
    watermark.onAdvance(position => this.#advance(position))
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Calls back now or later, with as many at a time as are saved. */
  await(listener: SaveListener, messages: readonly AwaitingSave[]): void {
    const saved = messages.filter(({ seq }) => seq <= this.#watermark.position)
    if (saved.length > 0) listener.saved(saved)
    if (saved.length === messages.length) return
    const later = messages.filter(({ seq }) => seq > this.#watermark.position)
    const waiting = this.#waiting.get(listener)
    if (waiting) waiting.push(...later)
    else this.#waiting.set(listener, later)
  }

  forget(listener: SaveListener): void {
    this.#waiting.delete(listener)
  }

  #advance(position: number): void {
    for (const [listener, messages] of this.#waiting) {
      const saved = messages.filter(({ seq }) => seq <= position)
      if (saved.length === 0) continue
      if (saved.length === messages.length) this.#waiting.delete(listener)
      else {
        this.#waiting.set(
          listener,
          messages.filter(({ seq }) => seq > position),
        )
      }
      listener.saved(saved)
    }
  }
}
