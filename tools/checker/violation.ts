import type { Ledger } from './ledger.ts'

export type ViolationKind =
  | 'lost'
  | 'duplicated'
  | 'misordered'
  | 'invented'
  | 'refused-but-received'
  | 'misdelivered'
  | 'delivered-to-non-member'
  | 'accepted-from-non-member'
  | 'member-refused'
  | 'seq-disagreement'
  | 'real-time-order'
  | 'send-order'
  | 'accepted-on-old-connection'
  | 'delivered-to-old-connection'
  | 'session-version'
  | 'unread'
  | 'presence-wrong'
  | 'presence-resurrected'

/** A broken promise. */
export interface Violation {
  readonly kind: ViolationKind
  /** In words, with the ids, seqs and times that matter. */
  readonly sentence: string
  /** The line at which things went wrong; violations are ordered by it. */
  readonly line: number
  /** That line's time in milliseconds. */
  readonly t: number
  /** All lines that show it, in order. */
  readonly lines: readonly number[]
}

const KEPT_PER_KIND = 100

/** What the checks have found. Counts everything, keeps the first of each kind: a broken history may break it all. */
export class Findings {
  readonly counts = new Map<ViolationKind, number>()
  /** What could not be judged, in words. */
  readonly notes: string[] = []
  readonly #ledger: Ledger
  readonly #kept: Violation[] = []

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  add(
    kind: ViolationKind,
    line: number,
    sentence: string,
    others: readonly (number | undefined)[] = [],
  ): void {
    const count = (this.counts.get(kind) ?? 0) + 1
    this.counts.set(kind, count)
    if (count > KEPT_PER_KIND) return
    const lines = new Set([line, ...others.filter(other => other !== undefined)])
    const t = this.#ledger.timeOf(line)
    this.#kept.push({ kind, sentence, line, t, lines: [...lines].sort((a, b) => a - b) })
  }

  note(sentence: string): void {
    this.notes.push(sentence)
  }

  /** In the order of the history. */
  violations(): readonly Violation[] {
    return this.#kept.toSorted((a, b) => a.line - b.line)
  }
}
