import type { NoticeLine, RecvLine, SendLine } from '../history.ts'
import type { Judge } from '../judge.ts'
import { describe, describeNotice, type Ledger } from '../ledger.ts'
import type { Message } from '../messages.ts'
import type { Findings } from '../violation.ts'

/** Something that is known to be stored. */
interface Known {
  readonly seq: number
  readonly what: () => string
  readonly at: number
}

/**
 * The log's order agrees with time: what was invoked after another message was known to be stored (acknowledged or
 * received, to whomever and in whatever conversation), or a group's notice heard, has a higher seq. One pass: of all that is known to be stored
 * only the highest matters, so each message remembers the highest at its invoke.
 */
export class RealTimeOrder implements Judge {
  readonly #ledger: Ledger
  readonly #findings: Findings
  /** By message index: what must lie below it. */
  readonly #floors: (Known | undefined)[] = []
  #highest: Known | undefined

  constructor(ledger: Ledger, findings: Findings) {
    this.#ledger = ledger
    this.#findings = findings
  }

  send(_line: SendLine, message: Message, at: number): void {
    if (message.invoked === at) this.#floors[message.index] = this.#highest
    else this.#known(message, at)
  }

  recv(_line: RecvLine, message: Message, at: number): void {
    // One that nobody sent says nothing about time.
    if (message.invoked !== undefined) this.#known(message, at)
  }

  notice(line: NoticeLine, _notice: unknown, at: number): void {
    this.#raise({ seq: line.seq, what: () => describeNotice(line), at })
  }

  #known(message: Message, at: number): void {
    const { seq } = message
    if (message.stored !== at || seq === undefined) return
    const floor = this.#floors[message.index]
    if (floor && seq <= floor.seq) {
      const sentence = `${describe(message)} was invoked ${this.#ledger.when(message.invoked)}, when ${floor.what()} was already known to be stored (${this.#ledger.when(floor.at)}): its seq had to be higher`
      this.#findings.add('real-time-order', at, sentence, [floor.at, message.invoked])
    }
    this.#raise({ seq, what: () => describe(message), at })
  }

  #raise(known: Known): void {
    if (known.seq > (this.#highest?.seq ?? 0)) this.#highest = known
  }
}
