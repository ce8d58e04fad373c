import type { Sent } from '../../actors/user/contract.ts'
import type { Watermark } from '../../messaging/watermark.ts'
import type { Recipient } from '../../protocol/ids.ts'
import type { FrameRef } from './wire-protocol.ts'

/** A message that has been acknowledged as accepted (or would have been) and waits for the watermark. */
export interface AwaitingSave extends Sent {
  readonly clientMsgId: string
  readonly to: Recipient
  /** performance.now() when its frame came. */
  readonly receivedAt: number
  readonly ref?: FrameRef | undefined
}

export interface SaveListener {
  saved(messages: readonly AwaitingSave[]): void
  /** They cannot be saved as they are. */
  unsavable(messages: readonly AwaitingSave[]): void
  /** The log has lost them: their sender has to repeat them. */
  lost(messages: readonly AwaitingSave[]): void
}

/** Tells each connection what has become of its messages once the watermark passes them: no actor turn a message. */
export class SavedAcks {
  readonly #watermark: Watermark
  readonly #waiting = new Map<SaveListener, AwaitingSave[]>()

  constructor(watermark: Watermark) {
    this.#watermark = watermark
    watermark.listen({
      advanced: position => this.#take('saved', ({ seq }) => seq <= position),
      refused: entries => {
        const seqs = new Set(entries.map(({ seq }) => seq))
        this.#take('unsavable', ({ seq }) => seqs.has(seq))
      },
      lost: ({ after, upTo }) => this.#take('lost', ({ seq }) => seq > after && seq <= upTo),
    })
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Calls back now or later, with as many at a time as are saved. */
  await(listener: SaveListener, message: AwaitingSave): void {
    const waiting = this.#waiting.get(listener)
    if (message.seq <= this.#watermark.position) listener.saved([message])
    else if (waiting) waiting.push(message)
    else this.#waiting.set(listener, [message])
  }

  forget(listener: SaveListener): void {
    this.#waiting.delete(listener)
  }

  #take(outcome: keyof SaveListener, which: (message: AwaitingSave) => boolean): void {
    for (const [listener, messages] of this.#waiting) {
      const taken: AwaitingSave[] = []
      const left: AwaitingSave[] = []
      for (const message of messages) (which(message) ? taken : left).push(message)
      if (taken.length === 0) continue
      if (left.length === 0) this.#waiting.delete(listener)
      else this.#waiting.set(listener, left)
      listener[outcome](taken)
    }
  }
}
