/** What to do with a push: `deliver` it, `drop` one of an earlier owner or seen before, or `resync` after a loss. */
export type PushVerdict = 'deliver' | 'drop' | 'resync'

/** Judges the pushes of one connection by their owner's epoch and their number in it. */
export class PushOrder {
  #epoch = 0
  #n = 0

  judge(epoch: number, n: number): PushVerdict {
    if (epoch < this.#epoch) return 'drop'
    if (epoch > this.#epoch) {
      this.#epoch = epoch
      this.#n = 0
    }
    if (n <= this.#n) return 'drop'
    if (n !== this.#n + 1) return 'resync'
    this.#n = n
    return 'deliver'
  }

  /** Takes the owner's word for where it is. False when pushes it made never came here. */
  confirm(epoch: number, n: number): boolean {
    if (epoch < this.#epoch) return true
    if (epoch > this.#epoch) {
      this.#epoch = epoch
      this.#n = 0
    }
    return n <= this.#n
  }
}
