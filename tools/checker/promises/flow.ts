import { isRefused, type Message } from '../messages.ts'
import { SortedSeqs } from '../sorted-seqs.ts'

/** What is sent in one direction: by one side of a direct conversation, by a member of a group or by all of them. */
export class Flow {
  /** The seqs of what is known to be stored. */
  readonly stored = new SortedSeqs()
  /** What is invoked and neither known to be stored nor finally refused: it may be stored at any time. */
  readonly pending = new Set<Message>()
  /** What is known to be stored, in the order in which that became known. */
  readonly #proven: Message[] = []

  /** Takes in what line `at` says of the message. */
  see(message: Message, at: number): void {
    if (message.stored === at && message.seq !== undefined) {
      this.pending.delete(message)
      this.stored.add(message.seq)
      this.#proven.push(message)
    } else if (isRefused(message)) this.pending.delete(message)
    else if (message.stored === undefined) this.pending.add(message)
  }

  /** When all was quiet, what is still not known to be stored never will be, but for what nobody would have received. */
  quiet(isUnheard: (message: Message) => boolean = () => false): void {
    for (const message of this.pending) if (!isUnheard(message)) this.pending.delete(message)
  }

  /** The messages that became known to be stored last, the latest first. */
  *latest(): Generator<Message> {
    for (let i = this.#proven.length - 1; i >= 0; i -= 1) {
      const message = this.#proven[i]
      if (message) yield message
    }
  }
}
