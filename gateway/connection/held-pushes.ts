import type { Watermark } from '../../messaging/watermark.ts'

export interface HoldingInbox {
  /** Everything up to `position` is saved. False when nothing is held any more. */
  release(position: number): boolean
}

/**
 * Who holds pushes until the watermark passes them. Only these hear of it: a commit must not cost a call for every
 * connection there is.
 */
export class HeldPushes {
  readonly #watermark: Watermark
  readonly #holding = new Set<HoldingInbox>()

  constructor(watermark: Watermark) {
    this.#watermark = watermark
    watermark.listen({ advanced: position => this.#advance(position) })
  }

  /** Everything up to it is saved. */
  get position(): number {
    return this.#watermark.position
  }

  add(inbox: HoldingInbox): void {
    this.#holding.add(inbox)
  }

  forget(inbox: HoldingInbox): void {
    this.#holding.delete(inbox)
  }

  #advance(position: number): void {
    for (const inbox of this.#holding) if (!inbox.release(position)) this.#holding.delete(inbox)
  }
}
