import type { RecvLine, SendLine } from '../history.ts'
import type { Judge } from '../judge.ts'
import { describe, type Ledger } from '../ledger.ts'
import { isRefused, type Message } from '../messages.ts'
import type { Findings } from '../violation.ts'

/**
 * Whatever is received was sent before, to this recipient, and not finally refused. A send of unknown outcome may
 * be received or not.
 */
export class OnlyWhatWasSent implements Judge {
  readonly #ledger: Ledger
  readonly #findings: Findings

  constructor(ledger: Ledger, findings: Findings) {
    this.#ledger = ledger
    this.#findings = findings
  }

  send(line: SendLine, message: Message, at: number): void {
    if (line.type === 'fail' && message.received !== undefined && isRefused(message))
      this.#addRefused(message, message.received, at)
  }

  recv(line: RecvLine, message: Message, at: number): void {
    if (message.attempts === 0)
      this.#findings.add('invented', at, `${this.#receipt(line, message, at)}, which nobody had sent by then`)
    else if (isRefused(message)) this.#addRefused(message, at)
    const { sides } = this.#ledger.conversations.get(line.conv, at)
    if (!sides || (line.user !== line.from && sides.includes(line.user))) return
    const sentence = `${this.#receipt(line, message, at)}, which was not to ${line.user}`
    this.#findings.add('misdelivered', at, sentence, [message.invoked])
  }

  #receipt({ user }: RecvLine, message: Message, at: number): string {
    return `${user} received ${describe(message)} ${this.#ledger.when(at)}`
  }

  #addRefused(message: Message, received: number, refused?: number): void {
    const sentence = `${describe(message)} was finally refused, but received ${this.#ledger.when(received)}`
    this.#findings.add('refused-but-received', received, sentence, [message.invoked, refused])
  }
}
