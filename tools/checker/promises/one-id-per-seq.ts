import type { RecvLine, SendLine } from '../history.ts'
import type { Judge } from '../judge.ts'
import { describe, type Ledger } from '../ledger.ts'
import type { Message } from '../messages.ts'
import type { Findings } from '../violation.ts'

/** All who learn of a message agree on its seq, sender and conversation, and no other message has that seq. */
export class OneIdPerSeq implements Judge {
  readonly #ledger: Ledger
  readonly #findings: Findings
  readonly #bySeq = new Map<number, Message>()

  constructor(ledger: Ledger, findings: Findings) {
    this.#ledger = ledger
    this.#findings = findings
  }

  send(line: SendLine, message: Message, at: number): void {
    if (line.type === 'ok') this.#agree(line.seq, `acknowledged to ${line.from}`, message, at)
  }

  recv(line: RecvLine, message: Message, at: number): void {
    const how = `received by ${line.user}`
    this.#agree(line.seq, how, message, at)
    if (message.conv.name !== line.conv)
      this.#add(at, message, `${describe(message)} was ${how} in ${line.conv} ${this.#ledger.when(at)}`)
  }

  #agree(seq: number, how: string, message: Message, at: number): void {
    if (message.seq !== seq)
      this.#add(at, message, `${describe(message)} was ${how} as seq ${seq} ${this.#ledger.when(at)}`)
    const owner = this.#bySeq.get(seq)
    if (owner === undefined) this.#bySeq.set(seq, message)
    else if (owner !== message) {
      const sentence = `seq ${seq} was ${how} as ${message.id} from ${message.from} in ${message.conv.name} ${this.#ledger.when(at)}, but is ${describe(owner)}, known ${this.#ledger.when(owner.stored)}`
      this.#add(at, owner, sentence)
    }
  }

  #add(at: number, known: Message, sentence: string): void {
    this.#findings.add('seq-disagreement', at, sentence, [known.invoked, known.stored])
  }
}
