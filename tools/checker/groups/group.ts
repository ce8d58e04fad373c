import type { MembershipLine, NoticeLine } from '../history.ts'
import { Unreadable } from '../unreadable.ts'
import {
  type Attempt,
  type Change,
  concernedBy,
  directionIn,
  directionOf,
  type Notice,
  tells,
} from './changes.ts'

/** Whose membership is not known from a beginning may have been in before the history's first line. */
const fromTheStart: Change = {
  direction: 'in',
  certain: false,
  min: 0,
  max: 0,
  invoked: 0,
  ended: 0,
  answered: undefined,
}

/**
 * What the lines so far tell of a group's members. A notice that anybody has heard says what has happened and where;
 * an attempt without a notice says what may have happened, and where it may be.
 */
export class Group {
  readonly name: string
  readonly notices = new Map<number, Notice>()
  readonly attempts: Attempt[] = []
  readonly #open = new Map<string, Attempt>()
  /** May have happened, and no notice is known to be its own. */
  readonly #loose = new Set<Attempt>()
  readonly #noticesOf = new Map<string, Notice[]>()
  readonly #attemptsOf = new Map<string, Attempt[]>()
  readonly #ends: Notice[] = []
  /** Its creation was heard of, so that everybody's membership is known from the beginning. */
  #isCreated = false

  constructor(name: string) {
    this.name = name
  }

  get isCreated(): boolean {
    return this.#isCreated
  }

  /** Everybody of whose membership something is known. */
  get users(): Iterable<string> {
    return new Set([...this.#noticesOf.keys(), ...this.#attemptsOf.keys()])
  }

  /** `floor`: the highest seq that is known to be stored. */
  attempt(line: MembershipLine, floor: number, at: number): Attempt {
    const { f, by, users, type, proc } = line
    if (type === 'invoke') {
      const attempt: Attempt = {
        f,
        by,
        users,
        invoked: at,
        floor,
        outcome: 'open',
        ended: undefined,
        notice: undefined,
      }
      this.#open.set(proc, attempt)
      this.attempts.push(attempt)
      this.#loose.add(attempt)
      for (const user of users) append(this.#attemptsOf, user, attempt)
      return attempt
    }
    const attempt = this.#open.get(proc)
    if (attempt?.f !== f) throw new Unreadable(at, `${f} ${type} without an invoke`)
    if (type === 'ok') attempt.outcome = 'made'
    if (type === 'fail') attempt.outcome = 'refused'
    if (type !== 'info') attempt.ended = at
    if (type === 'fail') this.#refuse(attempt)
    return attempt
  }

  /** The first one who hears a notice makes it known. */
  hear({ seq, event, from, users }: NoticeLine, at: number): Notice {
    const known = this.notices.get(seq)
    if (known) return known
    const notice: Notice = { seq, event, from, users, heard: at, attempts: [] }
    // One that was refused or has its own notice is out of the question.
    notice.attempts = [...this.#loose].filter(attempt => attempt.floor < seq && tells(notice, attempt))
    this.notices.set(seq, notice)
    if (event === 'created') this.#isCreated = true
    this.#settle(notice)
    if (directionIn(event) === undefined) return notice
    const concerned = concernedBy(notice)
    if (concerned === 'all') this.#ends.push(notice)
    else for (const user of concerned) append(this.#noticesOf, user, notice)
    return notice
  }

  /** All has been heard of that has happened; where notices are written down at all, the rest never did. */
  quiet(): void {
    if (this.notices.size === 0) return
    for (const attempt of this.#loose) {
      if (this.#isSurelyMade(attempt)) continue
      attempt.outcome = 'never'
      this.#loose.delete(attempt)
    }
  }

  /** What was made, and nobody has heard of it. */
  unheard(): readonly Attempt[] {
    return [...this.#loose].filter(attempt => this.#isSurelyMade(attempt))
  }

  /**
   * `ceilingOf`: the lowest seq of what was invoked after a line. `heardUpTo`: the highest seq that the user has
   * received; who is taken out is told so before anything later, so a leaving that nobody has heard of lies behind it.
   */
  changesOf(user: string, ceilingOf: (line: number) => number, heardUpTo = 0): readonly Change[] {
    const toldUpTo = this.notices.size === 0 ? 0 : heardUpTo
    const notices = [...(this.#noticesOf.get(user) ?? []), ...this.#ends]
    const attempts = (this.#attemptsOf.get(user) ?? []).filter(attempt => this.#loose.has(attempt))
    const changes = [
      ...notices.map(changeOfNotice),
      ...attempts.map((attempt): Change => {
        const certain = this.#isSurelyMade(attempt)
        const max = attempt.ended === undefined ? Number.POSITIVE_INFINITY : ceilingOf(attempt.ended) - 1
        const { f, floor, invoked, ended } = attempt
        const answered = certain ? ended : undefined
        const direction = directionOf(f)
        const min = Math.max(floor, direction === 'out' ? toldUpTo : 0) + 1
        return { direction, certain, min, max, invoked, ended, answered }
      }),
    ]
    return this.#isCreated ? changes : [fromTheStart, ...changes]
  }

  /** One of several that a notice may be of has perhaps happened, or is perhaps what the notice tells. */
  #isSurelyMade(attempt: Attempt): boolean {
    const isDoubtful = () => [...this.notices.values()].some(({ attempts }) => attempts.includes(attempt))
    return attempt.outcome === 'made' && !isDoubtful()
  }

  /** A refused attempt is none that a notice tells of. */
  #refuse(refused: Attempt): void {
    this.#loose.delete(refused)
    for (const notice of this.notices.values()) {
      if (notice.attempts.length < 2 || !notice.attempts.includes(refused)) continue
      notice.attempts = notice.attempts.filter(attempt => attempt !== refused)
      this.#settle(notice)
    }
  }

  #settle(notice: Notice): void {
    const [attempt] = notice.attempts
    if (notice.attempts.length !== 1 || !attempt) return
    attempt.notice = notice
    this.#loose.delete(attempt)
  }
}

function changeOfNotice({ event, seq, heard, attempts }: Notice): Change {
  const author = attempts.length === 1 ? attempts[0] : undefined
  const invoked = attempts.length === 0 ? undefined : Math.min(...attempts.map(each => each.invoked))
  const answered = author?.outcome === 'made' ? author.ended : undefined
  const ended = Math.min(heard, answered ?? heard)
  const direction = directionIn(event) ?? 'in'
  return { direction, certain: true, min: seq, max: seq, invoked, ended, answered }
}

function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key)
  if (list) list.push(value)
  else lists.set(key, [value])
}
