import type { UnreadLine } from '../history.ts'
import type { Ledger } from '../ledger.ts'
import { Unreadable } from '../unreadable.ts'

/** An unread count that was asked for. */
export interface Question {
  readonly at: number
  /** The last quiet line before it. */
  readonly quiet: number | undefined
  /** Where the read cursor was at least. */
  readonly sureCursor: number
}

/** Questions that wait for their answers. */
export class Questions {
  readonly #open = new Map<string, Question>()

  /** Keeps the question of an `invoke`; answers that of any other line, which ends it. */
  take(line: UnreadLine, at: number, question: () => Question): Question | undefined {
    const key = `${line.proc} ${line.user} ${line.conv}`
    if (line.type === 'invoke') {
      this.#open.set(key, question())
      return undefined
    }
    const asked = this.#open.get(key)
    if (!asked) throw new Unreadable(at, `unread ${line.type} without an invoke`)
    this.#open.delete(key)
    return asked
  }
}

/** Whether what became known to be stored at line `stored`, and all before it, had to count at the question. */
export function isSettled(
  stored: number,
  { at, quiet }: Question,
  ledger: Pick<Ledger, 'timeOf'>,
  lagMs: number,
): boolean {
  if (stored >= at) return false
  if (quiet !== undefined && stored < quiet) return true
  return ledger.timeOf(stored) <= ledger.timeOf(at) - lagMs
}
