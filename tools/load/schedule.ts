import type { Random } from '../random.ts'

/** One thing that is to be done at a time that was settled beforehand. */
export interface Due {
  readonly sender: number
  /** ms since the schedule's start. */
  readonly at: number
}

/**
 * An open loop: every sender has its turn every `intervalMs`, from a random moment of its own on. The times are
 * settled beforehand and whoever measures starts from them, so a slow server (or tester) cannot make its own delays
 * disappear by being asked less often: coordinated omission has no place to creep in.
 */
export class Schedule {
  readonly #intervalMs: number
  readonly #offsets: readonly { readonly sender: number; readonly at: number }[]
  #round = 0
  #next = 0

  constructor(senders: number, intervalMs: number, random: Random) {
    this.#intervalMs = intervalMs
    const offsets = Array.from({ length: senders }, (_, sender) => ({
      sender,
      at: random.next() * intervalMs,
    }))
    this.#offsets = offsets.sort((a, b) => a.at - b.at)
  }

  /** Everything up to `now` (ms since the start) that has not been given yet, in the order of its time. */
  *due(now: number): Generator<Due> {
    for (;;) {
      const offset = this.#offsets[this.#next]
      if (!offset) return
      const at = offset.at + this.#round * this.#intervalMs
      if (at > now) return
      this.#advance()
      yield { sender: offset.sender, at }
    }
  }

  #advance(): void {
    this.#next++
    if (this.#next < this.#offsets.length) return
    this.#next = 0
    this.#round++
  }
}
