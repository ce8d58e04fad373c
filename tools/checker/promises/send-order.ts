import type { SendLine } from '../history.ts'
import type { Judge } from '../judge.ts'
import { describe, type Ledger } from '../ledger.ts'
import type { Message } from '../messages.ts'
import { PairMap } from '../pair-map.ts'
import type { Findings } from '../violation.ts'

interface Lane {
  /** The highest seq so far. */
  last: Message | undefined
}

/**
 * What one client sends in one conversation is stored in the order of its invokes, whether or not it waited for the
 * answers. Sends of unknown outcome count where a receipt tells their seq.
 */
export class SendOrder implements Judge {
  readonly #ledger: Ledger
  readonly #findings: Findings
  readonly #lanes = new PairMap<Lane>(() => ({ last: undefined }))
  /** Each message with its lane, in the order of invokes. */
  readonly #sent: Message[] = []
  readonly #laneOfSent: Lane[] = []

  constructor(ledger: Ledger, findings: Findings) {
    this.#ledger = ledger
    this.#findings = findings
  }

  send(line: SendLine, message: Message, at: number): void {
    if (message.invoked !== at) return
    this.#sent.push(message)
    this.#laneOfSent.push(this.#lanes.get(`${line.proc} ${line.from}`, line.conv))
  }

  /** Only now all seqs are known. */
  end(): void {
    for (const [index, message] of this.#sent.entries()) {
      const lane = this.#laneOfSent[index]
      if (!lane || message.seq === undefined) continue
      const { last } = lane
      if (last?.seq !== undefined && message.seq < last.seq) this.#add(message, last)
      else lane.last = message
    }
  }

  #add(message: Message, before: Message): void {
    const sentence = `${describe(message)}, sent ${this.#ledger.when(message.invoked)}, was stored before ${describe(before)}, which the same client had sent ${this.#ledger.when(before.invoked)}`
    const line = message.stored ?? message.invoked ?? 0
    this.#findings.add('send-order', line, sentence, [before.invoked, before.stored, message.invoked])
  }
}
