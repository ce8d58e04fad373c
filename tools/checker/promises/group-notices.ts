import { type Attempt, directionIn, type Notice, tells } from '../groups/changes.ts'
import type { Group } from '../groups/group.ts'
import type { NoticeLine } from '../history.ts'
import type { Judge } from '../judge.ts'
import { describeNotice, type Ledger } from '../ledger.ts'
import type { Findings } from '../violation.ts'

/**
 * All who hear a notice hear the same, somebody has asked for what it tells, and it lies in the log where time has it:
 * behind what was stored when it was asked for, before what was sent once it was answered.
 */
export class GroupNotices implements Judge {
  readonly #ledger: Ledger
  readonly #findings: Findings

  constructor(ledger: Ledger, findings: Findings) {
    this.#ledger = ledger
    this.#findings = findings
  }

  notice(line: NoticeLine, { event, from, users, heard }: Notice, at: number): void {
    const isSame = line.event === event && line.from === from && line.users.join() === users.join()
    if (isSame) return
    const sentence = `${line.user} received ${describeNotice(line)} by ${line.from} of ${line.users.join(', ')} ${this.#ledger.when(at)}, which others heard as ${event} by ${from} of ${users.join(', ')} ${this.#ledger.when(heard)}`
    this.#findings.add('seq-disagreement', at, sentence, [heard])
  }

  end(): void {
    for (const group of this.#ledger.groups)
      for (const notice of group.notices.values()) this.#judge(group, notice)
  }

  #judge(group: Group, notice: Notice): void {
    const { seq, event, heard, attempts } = notice
    if (directionIn(event) === undefined || event === 'created' || event === 'dissolved') return
    const what = `${describeNotice({ ...notice, conv: group.name })}, heard ${this.#ledger.when(heard)}`
    const [author] = attempts
    if (!author) this.#judgeUnasked(group, notice, what)
    else if (attempts.length === 1 && author.outcome === 'refused') this.#addRefused(what, author, heard)
    else if (attempts.length === 1 && author.outcome === 'made' && author.ended !== undefined) {
      if (this.#ledger.ceilingOf(author.ended) >= seq) return
      this.#addMisplaced(`${what}, was made ${this.#ledger.when(author.ended)}`, heard, author.ended)
    }
  }

  /** No attempt can be the one: why not? */
  #judgeUnasked(group: Group, notice: Notice, what: string): void {
    const { heard } = notice
    const asked = group.attempts.filter(
      attempt => attempt.notice === undefined && attempt.invoked < heard && tells(notice, attempt),
    )
    const [last] = asked.toReversed()
    const late = asked.find(({ outcome }) => outcome !== 'refused')
    if (late)
      this.#addMisplaced(`${what}, was asked for ${this.#ledger.when(late.invoked)}`, heard, late.invoked)
    else if (last) this.#addRefused(what, last, heard)
    else this.#findings.add('invented', heard, `${what}, tells what nobody had asked for by then`)
  }

  #addRefused(what: string, { ended }: Attempt, heard: number): void {
    const sentence = `${what}, tells what was finally refused ${this.#ledger.when(ended)}`
    this.#findings.add('refused-but-received', heard, sentence, [ended])
  }

  #addMisplaced(story: string, heard: number, line: number): void {
    this.#findings.add('real-time-order', heard, `${story}: its place in the log is another`, [line])
  }
}
