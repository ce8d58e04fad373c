import {
  type Appended,
  type Fence,
  type LogEntry,
  type NewClaim,
  type NewEntry,
  Superseded,
} from '../messaging/message-log.ts'
import type { Entry } from '../protocol/entries.ts'
import type { Owner } from '../protocol/ids.ts'
import type { SqlLogStatements } from './sql-log-statements.ts'
import { isOfDatabase } from './sqlite-errors.ts'

/** What callers asked of the log and wait for. */
export type Write = AppendWrite | ClaimWrite

interface AppendWrite {
  readonly kind: 'append'
  readonly fence: Fence
  readonly entries: readonly NewEntry[]
  readonly resolve: (appended: readonly Appended[]) => void
  readonly reject: (error: unknown) => void
}

interface ClaimWrite {
  readonly kind: 'claim'
  readonly owner: Owner
  readonly claim: NewClaim
  readonly expected: number
  readonly resolve: (epoch: number) => void
  readonly reject: (error: unknown) => void
}

/** What a transaction did, to be told once it is committed. */
export interface Effects {
  readonly entries: LogEntry[]
  readonly claims: { readonly owner: Owner; readonly token: string }[]
  readonly answers: (() => void)[]
}

/** The stream of a cluster takes no more either (its `max_payload`). */
export const MAX_ENTRY_CHARACTERS = 4_000_000

/**
 * Does one write inside the open transaction. A refusal is that write's own answer; only what makes the whole
 * transaction worthless (disk full, an I/O error) is thrown.
 */
export function applyWrite(statements: SqlLogStatements, write: Write, effects: Effects): void {
  try {
    if (write.kind === 'append') append(statements, write, effects)
    else claim(statements, write, effects)
  } catch (error) {
    if (isOfDatabase(error) || !statements.inTransaction) throw error
    effects.answers.push(() => write.reject(error))
  }
}

function append(statements: SqlLogStatements, write: AppendWrite, effects: Effects): void {
  const { fence, entries, resolve, reject } = write
  if (statements.lastClaim(fence.owner)?.epoch !== fence.epoch) {
    effects.answers.push(() => reject(new Superseded(fence.owner)))
    return
  }
  const appended: Appended[] = []
  for (const entry of entries) appended.push(store(statements, entry, effects))
  effects.answers.push(() => resolve(appended))
}

function store(statements: SqlLogStatements, wanted: NewEntry, effects: Effects): Appended {
  if (sizeOf(wanted.entry) > MAX_ENTRY_CHARACTERS) throw new RangeError('the entry is too large')
  const seq = statements.insert(wanted)
  if (seq === undefined) return { seq: statements.seqOf(wanted), duplicate: true }
  effects.entries.push({ seq, feed: wanted.feed, entry: wanted.entry })
  return { seq, duplicate: false }
}

/** What may be large of an entry, in characters. */
const sizeOf = (entry: Entry): number =>
  'body' in entry ? entry.body.length : entry.kind === 'notice' ? JSON.stringify(entry.change).length : 0

function claim(statements: SqlLogStatements, write: ClaimWrite, effects: Effects): void {
  const { owner, expected, resolve, reject } = write
  const last = statements.lastClaim(owner)
  // A claim of my own that I have not heard about (the answer was lost) is no reason to give up.
  if ((last?.epoch ?? 0) !== expected && last?.token !== write.claim.token) {
    effects.answers.push(() => reject(new Superseded(owner)))
    return
  }
  const epoch = statements.claim(owner, write.claim)
  effects.claims.push({ owner, token: write.claim.token })
  effects.answers.push(() => resolve(epoch))
}
