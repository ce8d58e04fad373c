import type { Message } from './messages.ts'

interface Step {
  readonly invoked: number
  /** Of this message and all that were invoked after it. */
  readonly lowest: number
}

/** Below which seq a line lies: that of everything invoked after it. */
export class Ceilings {
  /** By the line of invoking, growing. */
  readonly #steps: readonly Step[]

  constructor(messages: readonly Message[]) {
    let lowest = Number.POSITIVE_INFINITY
    const steps: Step[] = []
    for (const { invoked, seq } of messages.toSorted((a, b) => (b.invoked ?? 0) - (a.invoked ?? 0))) {
      if (invoked === undefined || seq === undefined) continue
      lowest = Math.min(lowest, seq)
      steps.push({ invoked, lowest })
    }
    this.#steps = steps.reverse()
  }

  /** Infinity when nothing was invoked after the line. */
  after(line: number): number {
    let low = 0
    let high = this.#steps.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#steps[middle]?.invoked ?? 0) <= line) low = middle + 1
      else high = middle
    }
    return this.#steps[low]?.lowest ?? Number.POSITIVE_INFINITY
  }
}
