import type { Notice } from '../groups/changes.ts'
import type { NoticeLine, RecvLine } from '../history.ts'
import type { Judge } from '../judge.ts'
import { describe, describeNotice, type Ledger } from '../ledger.ts'
import type { Message } from '../messages.ts'
import { PairMap } from '../pair-map.ts'
import { SortedSeqs } from '../sorted-seqs.ts'
import type { Findings } from '../violation.ts'

interface Stream {
  readonly seqs: SortedSeqs
  /** Where the highest of them was received. */
  latest: number | undefined
}

interface Received {
  readonly what: () => string
  readonly seq: number | undefined
  /** Where somebody received it first. */
  readonly first: number | undefined
}

/**
 * A user's device receives each message of a conversation and each notice of a group once, in growing seq order, over
 * all its connections.
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
    const first = message.received
    this.#receive(line, { what: () => describe(message), seq: message.seq, first }, at)
  }

  notice(line: NoticeLine, { heard }: Notice, at: number): void {
    this.#receive(line, { what: () => describeNotice(line), seq: line.seq, first: heard }, at)
  }

  #receive(line: RecvLine | NoticeLine, { what, seq = 0, first }: Received, at: number): void {
    const stream = this.#streamOf(line)
    const { seqs, latest } = stream
    if (seqs.has(line.seq) || seqs.has(seq)) {
      const sentence = `${line.user} received ${what()} again ${this.#ledger.when(at)}, as seq ${line.seq}; first ${this.#ledger.when(first)}`
      this.#findings.add('duplicated', at, sentence, [first])
    } else if (line.seq < seqs.highest) {
      const sentence = `${line.user} received ${what()} ${this.#ledger.when(at)}, after seq ${seqs.highest} of the same conversation ${this.#ledger.when(latest)}`
      this.#findings.add('misordered', at, sentence, [latest])
    }
    if (line.seq > seqs.highest) stream.latest = at
    seqs.add(line.seq)
  }

  #streamOf({ user, conn, conv }: RecvLine | NoticeLine): Stream {
    const device = this.#ledger.connections.get(user, conn)?.device
    return this.#streams.get(user, device === undefined ? conv : `${conv} ${device}`)
  }
}
