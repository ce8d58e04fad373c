import { type Change, isBefore, stayFrom } from '../groups/changes.ts'
import type { ReadLine, RecvLine, SendLine, UnreadLine } from '../history.ts'
import type { Judge, JudgeOptions } from '../judge.ts'
import type { Ledger } from '../ledger.ts'
import type { Message } from '../messages.ts'
import { PairMap } from '../pair-map.ts'
import type { Findings } from '../violation.ts'
import { Flow } from './flow.ts'
import { isSettled, type Question, Questions } from './questions.ts'
import { ReadCursors } from './read-cursors.ts'

/**
 * The unread count of a group lies between what was surely and what was possibly unread, as that of a direct
 * conversation does (see UnreadBounds): unread are the others' messages after the user's read cursor, which is at least
 * at the user's joining.
 *
 * - Who is surely in all the time between question and answer is told at least what lies after that joining and after
 *   where the cursor can be. A joining counts when it was answered, when the user has received something behind it,
 *   or when all was quiet: that others have heard of it does not mean that the user's count has.
 * - Who is surely out by the question is told nothing.
 */
export class GroupUnread implements Judge {
  readonly #ledger: Ledger
  readonly #findings: Findings
  readonly #lagMs: number
  /** Everything said in a group. */
  readonly #flows = new Map<string, Flow>()
  /** By sender and group. */
  readonly #own = new PairMap(() => new Flow())
  readonly #cursors = new ReadCursors()
  readonly #questions = new Questions()
  readonly #quiets: number[] = []
  #unjudged = 0

  constructor(ledger: Ledger, findings: Findings, options: JudgeOptions) {
    this.#ledger = ledger
    this.#findings = findings
    this.#lagMs = options.unreadLagMs ?? 0
  }

  send(_line: SendLine, message: Message, at: number): void {
    this.#see(message, at)
  }

  recv(_line: RecvLine, message: Message, at: number): void {
    this.#see(message, at)
  }

  read(line: ReadLine, at: number): void {
    if (!this.#ledger.conversations.get(line.conv, at).sides) this.#cursors.read(line)
  }

  unread(line: UnreadLine, at: number): void {
    const { user, conv } = line
    if (this.#ledger.conversations.get(conv, at).sides) return
    const { quiet } = this.#ledger
    const question = this.#questions.take(line, at, () => {
      const said = this.#own.get(user, conv).stored.highest
      return { at, quiet, sureCursor: Math.max(this.#cursors.get(user, conv).sure, said) }
    })
    if (question && line.type === 'ok') this.#judge(line, question, at)
  }

  quiet(at: number): void {
    this.#quiets.push(at)
    const isUnheard = (message: Message) => !this.#wouldBeHeard(message, at)
    for (const flow of this.#flows.values()) flow.quiet(isUnheard)
    for (const flow of this.#own.values()) flow.quiet(isUnheard)
  }

  end(): void {
    if (this.#unjudged > 0)
      this.#findings.note(
        `${this.#unjudged} unread counts of groups were not judged: nothing tells who was a member`,
      )
  }

  #judge(line: UnreadLine & { value: number }, question: Question, at: number): void {
    const { user, conv, value } = line
    const group = this.#ledger.groups.get(conv)
    const changes = group?.changesOf(user, nothingLater) ?? []
    // One possible joining before the first line is all that is known.
    if (!group || (!group.isCreated && changes.length < 2)) {
      this.#unjudged += 1
      return
    }
    const known = (change: Change) => this.#knownTo(user, conv, change)
    const stay = stayFrom(changes, [question.at, at], known)
    const atLeast = stay ? this.#surelyUnread(user, conv, stay, question) : 0
    const atMost = mayBeIn(changes, question.at, known)
      ? this.#possiblyUnread(user, conv, joinedBy(changes, question, known))
      : 0
    if (value >= atLeast && value <= atMost) return
    const truth =
      atLeast === atMost ? `exactly ${atLeast} were` : `at least ${atLeast} and at most ${atMost} were`
    const sentence = `${user} was told of ${value} unread messages in ${conv} ${this.#ledger.when(at)}, asked ${this.#ledger.when(question.at)}, but ${truth}`
    this.#findings.add('unread', at, sentence, [question.at])
  }

  /** From which line on the user's own count has the change. */
  #knownTo(user: string, conv: string, { min, max, ended, answered }: Change): number | undefined {
    const lines = [
      answered,
      min === max ? this.#ledger.groups.receipts(user, conv).reached(min) : undefined,
      ended === undefined ? undefined : this.#quiets.find(quiet => quiet > ended),
    ].filter(line => line !== undefined)
    return lines.length === 0 ? undefined : Math.min(...lines)
  }

  /** Whether somebody else was in all the time, and would have received it by now. */
  #wouldBeHeard({ conv, from, invoked = 0 }: Message, at: number): boolean {
    const group = this.#ledger.groups.get(conv.name)
    if (!group) return false
    const isThere = (user: string) =>
      stayFrom(group.changesOf(user, nothingLater), [invoked, at], ({ ended }) => ended) !== undefined
    return [...group.users].some(user => user !== from && isThere(user))
  }

  #surelyUnread(user: string, conv: string, stay: Change, question: Question): number {
    const own = this.#own.get(user, conv)
    const all = this.#flow(conv)
    if (own.pending.size > 0) return 0
    const cursor = Math.max(this.#cursors.get(user, conv).possible, own.stored.highest, stay.max)
    let count = all.stored.countAbove(cursor)
    for (const { stored = 0, seq = 0 } of all.latest()) {
      if (isSettled(stored, question, this.#ledger, this.#lagMs)) break
      if (seq > cursor) count -= 1
    }
    return count
  }

  #possiblyUnread(user: string, conv: string, sureCursor: number): number {
    const own = this.#own.get(user, conv)
    const all = this.#flow(conv)
    const stored = all.stored.countAbove(sureCursor) - own.stored.countAbove(sureCursor)
    return stored + all.pending.size - own.pending.size
  }

  #see(message: Message, at: number): void {
    if (message.conv.sides) return
    this.#flow(message.conv.name).see(message, at)
    this.#own.get(message.from, message.conv.name).see(message, at)
  }

  #flow(conv: string): Flow {
    const known = this.#flows.get(conv)
    if (known) return known
    const flow = new Flow()
    this.#flows.set(conv, flow)
    return flow
  }
}

/** While lines still come, nothing is known to be above. */
const nothingLater = () => Number.POSITIVE_INFINITY

type KnownBy = (change: Change) => number | undefined

const isKnown = (change: Change, known: KnownBy, line: number): boolean =>
  (known(change) ?? Number.POSITIVE_INFINITY) < line

/** Whether some joining is not followed by a leaving that was known by the line. */
const mayBeIn = (changes: readonly Change[], line: number, known: KnownBy): boolean =>
  changes.some(
    joining =>
      joining.direction === 'in' &&
      !changes.some(
        leaving =>
          leaving.direction === 'out' &&
          leaving.certain &&
          isKnown(leaving, known, line) &&
          isBefore(joining, leaving),
      ),
  )

/** Where the cursor is at least, by what was read and by the joinings that were known. */
const joinedBy = (changes: readonly Change[], { at, sureCursor }: Question, known: KnownBy): number =>
  Math.max(
    sureCursor,
    ...changes
      .filter(change => change.direction === 'in' && change.certain && isKnown(change, known, at))
      .map(({ min }) => min),
  )
