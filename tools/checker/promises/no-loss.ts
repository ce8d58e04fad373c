import type { RecvLine } from '../history.ts'
import type { Judge } from '../judge.ts'
import { describe, type Ledger } from '../ledger.ts'
import type { Message } from '../messages.ts'
import { PairMap } from '../pair-map.ts'
import type { Findings } from '../violation.ts'

interface Latest {
  seq: number
  line: number
}

/**
 * No acknowledged message is lost: its recipient has it when all is quiet, and before any later message of the
 * conversation. What was acknowledged after the last quiet line and has no later message is not judged: it may
 * still be on its way. Groups have a judge of their own.
 */
export class NoLoss implements Judge {
  readonly #ledger: Ledger
  readonly #findings: Findings
  /** The message with the highest seq that each user has received in each conversation. */
  readonly #latest = new PairMap<Latest>(() => ({ seq: 0, line: 0 }))

  constructor(ledger: Ledger, findings: Findings) {
    this.#ledger = ledger
    this.#findings = findings
  }

  recv(line: RecvLine, _message: Message, at: number): void {
    const latest = this.#latest.get(line.user, line.conv)
    if (line.seq <= latest.seq) return
    latest.seq = line.seq
    latest.line = at
  }

  end(): void {
    let unjudged = 0
    for (const message of this.#ledger.messages.all) {
      const recipient = this.#mustHave(message)
      if (recipient === undefined || message.received !== undefined) continue
      if (!this.#isLost(message, recipient)) unjudged += 1
    }
    if (unjudged > 0)
      this.#findings.note(
        `${unjudged} acknowledged messages were not received, but no quiet line follows: they may have been on their way`,
      )
  }

  #mustHave(message: Message): string | undefined {
    return message.acknowledged === undefined ? undefined : message.to
  }

  #isLost(message: Message, recipient: string): boolean {
    const { acknowledged = 0, invoked, seq = 0 } = message
    const { quiet } = this.#ledger
    const later = this.#latest.get(recipient, message.conv.name)
    const story = `${describe(message)}, sent ${this.#ledger.when(invoked)} and acknowledged ${this.#ledger.when(acknowledged)}, never reached ${recipient}`
    if (later.seq > seq) {
      const sentence = `${story}, who received the later seq ${later.seq} ${this.#ledger.when(later.line)}`
      this.#findings.add('lost', acknowledged, sentence, [invoked, later.line])
      return true
    }
    if (quiet === undefined || quiet < acknowledged) return false
    const sentence = `${story}, although everything was delivered ${this.#ledger.when(quiet)}`
    this.#findings.add('lost', acknowledged, sentence, [invoked, quiet])
    return true
  }
}
