/** The seqs of a sender's last messages by clientMsgId, the oldest forgotten first. */
export class IdempotencyWindow {
  readonly #size: number
  readonly #seqs = new Map<string, number>()

  /** `recent`: (clientMsgId, seq) newest first. */
  constructor(size: number, recent: readonly (readonly [string, number])[] = []) {
    this.#size = size
    for (const [id, seq] of recent.toReversed()) this.add(id, seq)
  }

  /** (clientMsgId, seq), newest first. */
  get recent(): [string, number][] {
    return [...this.#seqs].reverse()
  }

  seqOf(clientMsgId: string): number | undefined {
    return this.#seqs.get(clientMsgId)
  }

  add(clientMsgId: string, seq: number): void {
    this.#seqs.set(clientMsgId, seq)
    if (this.#seqs.size <= this.#size) return
    const [oldest] = this.#seqs.keys()
    if (oldest !== undefined) this.#seqs.delete(oldest)
  }
}
