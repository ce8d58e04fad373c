import type { Ledger } from '../ledger.ts'
import type { Group } from './group.ts'
import { possibleSpans, type Span, sureSpans } from './spans.ts'

/** Who was in a group where, judged when all lines have been seen. */
export interface Audience {
  readonly user: string
  readonly group: Group
  /** Where the user was in for certain. */
  readonly sure: readonly Span[]
  /** Where the user may have been in. */
  readonly possible: readonly Span[]
}

export function audienceOf(ledger: Ledger, group: Group, user: string): Audience {
  const heardUpTo = ledger.groups.receipts(user, group.name).seqs.highest
  const changes = group.changesOf(user, line => ledger.ceilingOf(line), heardUpTo)
  return { user, group, sure: sureSpans(changes), possible: possibleSpans(changes) }
}
