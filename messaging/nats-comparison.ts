import { type NatsStream, type StoredMessage, SUBJECTS_A_QUESTION } from './nats-stream.ts'

export interface Compared {
  /** Where what this part follows is stored. */
  subjects(): string[]
  /** Messages with these seqs, by subject, exist. */
  found(seqs: ReadonlyMap<string, number>, urgent: boolean): void
}

/** Compares what this process was shown with what the log has: a live copy can be lost without a successor. */
export class NatsComparison {
  readonly #stream: Pick<NatsStream, 'lastSeqs'>
  readonly #compared: readonly Compared[]
  /** The log's last seq when everything up to it was last known to have been seen, or was said to be missing. */
  #upTo = 0

  constructor(stream: Pick<NatsStream, 'lastSeqs'>, compared: readonly Compared[]) {
    this.#stream = stream
    this.#compared = compared
  }

  /** `head` is the leader's last message. What is missing is fetched at once when `urgent`, or after a grace. */
  async run(head: StoredMessage | undefined, urgent: boolean): Promise<void> {
    if (!head || head.seq === this.#upTo) return
    const subjects = this.#compared.flatMap(part => part.subjects())
    for (let from = 0; from < subjects.length; from += SUBJECTS_A_QUESTION) {
      const chunk = subjects.slice(from, from + SUBJECTS_A_QUESTION)
      const seqs = await this.#stream.lastSeqs(chunk, this.#upTo + 1, head)
      // The head is gone again (a renewed claim): the next comparison has another.
      if (!seqs) return
      for (const part of this.#compared) part.found(seqs, urgent)
    }
    this.#upTo = head.seq
  }
}
