import type { RecvLine } from '../history.ts'
import type { Judge } from '../judge.ts'
import { describe, type Ledger } from '../ledger.ts'
import type { Message } from '../messages.ts'
import type { Findings } from '../violation.ts'
import { PairMap } from './pair-map.ts'
import { SortedSeqs } from './sorted-seqs.ts'

interface Stream {
  readonly seqs: SortedSeqs
  /** Where the highest of them was received. */
  latest: number | undefined
}

/**
 * A user's device receives each message of a conversation once, in growing seq order, over all its connections.
 * The ledger knows a connection's device from its login.
 */
export class ExactlyOnceInOrder implements Judge {
  readonly #ledger: Ledger
  readonly #findings: Findings
  readonly #streams = new PairMap<Stream>(() => ({ seqs: new SortedSeqs(), latest: undefined }))

  constructor(ledger: Ledger, findings: Findings) {
    this.#ledger = ledger
    this.#findings = findings
  }

  recv(line: RecvLine, message: Message, at: number): void {
    const stream = this.#streamOf(line)
    const { seqs, latest } = stream
    if (seqs.has(line.seq) || (message.seq !== undefined && seqs.has(message.seq))) {
      const sentence = `${line.user} received ${describe(message)} again ${this.#ledger.when(at)}, as seq ${line.seq}; first ${this.#ledger.when(message.received)}`
      this.#findings.add('duplicated', at, sentence, [message.received])
    } else if (line.seq < seqs.highest) {
      const sentence = `${line.user} received ${describe(message)} ${this.#ledger.when(at)}, after seq ${seqs.highest} of the same conversation ${this.#ledger.when(latest)}`
      this.#findings.add('misordered', at, sentence, [latest])
    }
    if (line.seq > seqs.highest) stream.latest = at
    seqs.add(line.seq)
  }

  #streamOf({ user, conn, conv }: RecvLine): Stream {
    const device = this.#ledger.connections.get(user, conn)?.device
    return this.#streams.get(user, device === undefined ? conv : `${conv} ${device}`)
  }
}
