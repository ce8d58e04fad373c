import { type Audience, audienceOf } from '../groups/audiences.ts'
import { type Attempt, directionIn } from '../groups/changes.ts'
import type { Group } from '../groups/group.ts'
import { isWithin } from '../groups/spans.ts'
import { type Untold, untoldBy } from '../groups/untold.ts'
import type { Judge } from '../judge.ts'
import { describe, describeNotice, type Ledger } from '../ledger.ts'
import type { Findings } from '../violation.ts'

/** Something in a group's order. */
interface Placed {
  readonly seq: number
  /** Who needs no copy of it. */
  readonly from: string | undefined
  readonly what: () => string
  readonly invoked: number | undefined
  /** Where it was known to be stored. */
  readonly stored: number
}

/**
 * What is stored in a group, messages and notices, reaches all who were in for certain where it lies: before anything
 * later of the group, and when all is quiet. Their membership may have ended since. A change that was made is told to
 * somebody by then, where notices are written down at all; that it was made is known by its answer, or by a later notice
 * that contradicts those before it.
 */
export class GroupNoLoss implements Judge {
  readonly #ledger: Ledger
  readonly #findings: Findings

  constructor(ledger: Ledger, findings: Findings) {
    this.#ledger = ledger
    this.#findings = findings
  }

  end(): void {
    const placed = this.#messages()
    let unjudged = 0
    for (const group of this.#ledger.groups) {
      const notices = [...group.notices.values()].map(
        (notice): Placed => ({
          seq: notice.seq,
          from: undefined,
          what: () => describeNotice({ ...notice, conv: group.name }),
          invoked: undefined,
          stored: notice.heard,
        }),
      )
      const all = [...(placed.get(group.name) ?? []), ...notices]
      for (const user of group.users) unjudged += this.#judge(audienceOf(this.#ledger, group, user), all)
      this.#judgeUnheard(group)
    }
    if (unjudged === 0) return
    this.#findings.note(
      `${unjudged} times a member had not received what was stored in a group, but no quiet line follows: it may have been on its way`,
    )
  }

  #messages(): ReadonlyMap<string, Placed[]> {
    const placed = new Map<string, Placed[]>()
    for (const message of this.#ledger.messages.all) {
      const { conv, seq, from, invoked, stored, attempts } = message
      if (conv.sides || seq === undefined || stored === undefined || attempts === 0) continue
      const list = placed.get(conv.name) ?? []
      list.push({ seq, from, what: () => describe(message), invoked, stored })
      placed.set(conv.name, list)
    }
    return placed
  }

  /** Answers how much was missing that may have been on its way. */
  #judge({ user, group, sure }: Audience, placed: readonly Placed[]): number {
    if (sure.length === 0) return 0
    const { seqs } = this.#ledger.groups.receipts(user, group.name)
    let unjudged = 0
    for (const each of placed) {
      if (each.from === user || seqs.has(each.seq) || !isWithin(sure, each.seq)) continue
      if (!this.#isLost(each, user, group.name)) unjudged += 1
    }
    return unjudged
  }

  #isLost({ seq, what, invoked, stored }: Placed, user: string, conv: string): boolean {
    const { quiet } = this.#ledger
    const receipts = this.#ledger.groups.receipts(user, conv)
    const story = `${what()}, known to be stored ${this.#ledger.when(stored)}, never reached ${user}, who was a member there`
    if (receipts.seqs.highest > seq) {
      const later = receipts.reached(seq)
      const sentence = `${story} and received a later seq ${this.#ledger.when(later)}`
      this.#findings.add('lost', stored, sentence, [invoked, later])
      return true
    }
    if (quiet === undefined || quiet < stored) return false
    const sentence = `${story}, although everything was delivered ${this.#ledger.when(quiet)}`
    this.#findings.add('lost', stored, sentence, [invoked, quiet])
    return true
  }

  #judgeUnheard(group: Group): void {
    const { quiet } = this.#ledger
    if (quiet === undefined || group.notices.size === 0) return
    for (const attempt of group.unheard())
      if (isOlder(attempt, quiet)) this.#addUnheard(attempt, group, quiet)
    if (!group.isCreated) return
    const told = [...group.notices.values()].filter(({ heard }) => heard < quiet)
    for (const untold of untoldBy(told)) this.#addUntold(untold, group, quiet)
  }

  #addUntold({ notice, user }: Untold, group: Group, quiet: number): void {
    const what = `${describeNotice({ ...notice, conv: group.name })}, heard ${this.#ledger.when(notice.heard)}`
    const [lets, was] = directionIn(notice.event) === 'in' ? ['lets in', 'in'] : ['takes out', 'out']
    const sentence = `${what}, ${lets} ${user}, who was ${was} as far as anybody had heard when everything was delivered ${this.#ledger.when(quiet)}: the notice of what lies between reached nobody`
    this.#findings.add('lost', notice.heard, sentence, [quiet])
  }

  #addUnheard({ f, by, users, invoked, ended }: Attempt, group: Group, quiet: number): void {
    const sentence = `${f} of ${users.join(', ')} by ${by} in ${group.name} was made ${this.#ledger.when(ended)}, but its notice had reached nobody when everything was delivered ${this.#ledger.when(quiet)}`
    this.#findings.add('lost', ended ?? invoked, sentence, [invoked, quiet])
  }
}

const isOlder = ({ ended }: Attempt, quiet: number): boolean => ended !== undefined && ended < quiet
