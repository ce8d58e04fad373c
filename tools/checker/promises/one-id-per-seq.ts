import type { NoticeLine, RecvLine, SendLine } from '../history.ts'
import type { Judge } from '../judge.ts'
import { describe, describeNotice, type Ledger } from '../ledger.ts'
import type { Message } from '../messages.ts'
import type { Findings } from '../violation.ts'

/** All who learn of a message agree on its seq, sender and conversation, and nothing else has that seq. */
export class OneIdPerSeq implements Judge {
  readonly #ledger: Ledger
  readonly #findings: Findings
  readonly #bySeq = new Map<number, Message>()
  /** Notices by seq: their group. */
  readonly #notices = new Map<number, string>()

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

  notice(line: NoticeLine, _notice: unknown, at: number): void {
    const { seq, conv, user } = line
    const group = this.#notices.get(seq) ?? conv
    this.#notices.set(seq, group)
    const message = this.#bySeq.get(seq)
    if (message) this.#addNotice(at, message, `${describeNotice(line)}, received by ${user}`)
    else if (group !== conv)
      this.#findings.add(
        'seq-disagreement',
        at,
        `${describeNotice(line)} was received by ${user} ${this.#ledger.when(at)}, but is a notice of ${group}`,
      )
  }

  #agree(seq: number, how: string, message: Message, at: number): void {
    if (message.seq !== seq)
      this.#add(at, message, `${describe(message)} was ${how} as seq ${seq} ${this.#ledger.when(at)}`)
    const owner = this.#bySeq.get(seq)
    const group = this.#notices.get(seq)
    if (group !== undefined) this.#addNotice(at, message, `a notice of ${group}`)
    if (owner === undefined) this.#bySeq.set(seq, message)
    else if (owner !== message) {
      const sentence = `seq ${seq} was ${how} as ${message.id} from ${message.from} in ${message.conv.name} ${this.#ledger.when(at)}, but is ${describe(owner)}, known ${this.#ledger.when(owner.stored)}`
      this.#add(at, owner, sentence)
    }
  }

  #addNotice(at: number, message: Message, notice: string): void {
    this.#add(at, message, `${describe(message)} has the seq of ${notice} ${this.#ledger.when(at)}`)
  }

  #add(at: number, known: Message, sentence: string): void {
    this.#findings.add('seq-disagreement', at, sentence, [known.invoked, known.stored])
  }
}
