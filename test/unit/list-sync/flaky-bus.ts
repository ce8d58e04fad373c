import { MemoryBus } from '../../../messaging/memory-bus.ts'

/** A bus that loses, holds back or refuses what is published, as a test asks for. */
export class FlakyBus extends MemoryBus {
  mode: 'deliver' | 'lose' | 'hold' | 'throw' = 'deliver'
  readonly #held: (readonly [subject: string, value: unknown])[] = []

  override publish(subject: string, value: unknown): void {
    switch (this.mode) {
      case 'deliver':
        super.publish(subject, value)
        break
      case 'lose':
        break
      case 'hold':
        this.#held.push([subject, value])
        break
      case 'throw':
        throw new Error('the bus is broken')
      default:
        this.mode satisfies never
    }
  }

  /** Delivers what was held back, last first. */
  releaseReversed(): void {
    this.mode = 'deliver'
    for (const [subject, value] of this.#held.splice(0).reverse()) super.publish(subject, value)
  }
}
