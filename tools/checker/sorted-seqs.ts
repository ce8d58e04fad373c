/** A set of seqs in growing order. They mostly come that way, so adding one is mostly a push. */
export class SortedSeqs {
  readonly #seqs: number[] = []

  get highest(): number {
    return this.#seqs.at(-1) ?? 0
  }

  add(seq: number): void {
    if (seq > this.highest) {
      this.#seqs.push(seq)
      return
    }
    const index = this.#countUpTo(seq)
    if (this.#seqs[index - 1] !== seq) this.#seqs.splice(index, 0, seq)
  }

  has(seq: number): boolean {
    return this.#seqs[this.#countUpTo(seq) - 1] === seq
  }

  countAbove(seq: number): number {
    return this.#seqs.length - this.#countUpTo(seq)
  }

  #countUpTo(seq: number): number {
    let low = 0
    let high = this.#seqs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#seqs[middle] ?? 0) <= seq) low = middle + 1
      else high = middle
    }
    return low
  }
}
