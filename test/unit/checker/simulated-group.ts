import type { HistoryEvent } from '../../../tools/checker/history.ts'
import type { Random } from '../../../tools/random.ts'
import type { SimulatedNotice, SimulatedUser } from './simulated-user.ts'

export interface SimulatedGroupParts {
  readonly conv: string
  readonly users: readonly SimulatedUser[]
  readonly random: Random
  readonly write: (event: HistoryEvent) => void
  readonly nextSeq: () => number
}

interface Attempt {
  readonly f: 'join' | 'leave' | 'remove'
  readonly proc: string
  readonly by: string
  readonly user: SimulatedUser
  /** `lost`: it will never happen. */
  state: 'asked' | 'made' | 'refused' | 'lost'
  isUnknown: boolean
}

const events = { join: 'joined', leave: 'left', remove: 'removed' } as const

/** A group whose members come and go, each change asked for, made, refused or lost, and answered or not. */
export class SimulatedGroup {
  readonly #parts: SimulatedGroupParts
  readonly #owner: SimulatedUser
  #attempts: Attempt[] = []
  #named = 0

  constructor(parts: SimulatedGroupParts) {
    const [owner] = parts.users
    if (!owner) throw new Error('a group needs an owner')
    this.#parts = parts
    this.#owner = owner
  }

  /** All are in at first but the last, who joins some time. */
  create(): void {
    const { users, nextSeq } = this.#parts
    const seq = nextSeq()
    const members = users.slice(0, -1)
    for (const { membership } of members) membership.since = seq
    for (const { membership } of members) membership.learn()
    const others = members.filter(user => user !== this.#owner).map(({ name }) => name)
    this.#tell({ ...this.#notice(seq, 'created', this.#owner.name), users: others })
  }

  isMember(user: SimulatedUser): boolean {
    return user.membership.isIn
  }

  /** Members but for one. */
  others(user: SimulatedUser): readonly SimulatedUser[] {
    return this.#parts.users.filter(other => other !== user && other.membership.isIn)
  }

  ask(): void {
    const { random, users, write } = this.#parts
    const user = random.pick(users.slice(1))
    const f = random.chance(0.1) || !user.membership.isIn ? 'join' : random.pick(['leave', 'remove'] as const)
    const by = f === 'leave' ? user.name : this.#owner.name
    this.#named += 1
    const attempt: Attempt = { f, proc: `${by}~${this.#named}`, by, user, state: 'asked', isUnknown: false }
    this.#attempts.push(attempt)
    write({ type: 'invoke', ...this.#lineOf(attempt) })
  }

  make(): void {
    const { random } = this.#parts
    const asked = this.#attempts.filter(({ state }) => state === 'asked')
    if (asked.length > 0) this.#make(random.pick(asked))
  }

  answer(): void {
    const { random } = this.#parts
    const decided = this.#attempts.filter(({ state }) => state !== 'asked')
    if (decided.length > 0) this.#answer(random.pick(decided))
  }

  /** The one who asked gives up waiting; it may be made all the same. */
  giveUp(): void {
    const { random, write } = this.#parts
    const waiting = this.#attempts.filter(({ isUnknown }) => !isUnknown)
    if (waiting.length === 0) return
    const attempt = random.pick(waiting)
    attempt.isUnknown = true
    write({ type: 'info', ...this.#lineOf(attempt) })
  }

  settle(): void {
    while (this.#attempts.some(({ state }) => state === 'asked')) this.make()
    while (this.#attempts.length > 0) this.answer()
  }

  #make(attempt: Attempt): void {
    const { f, by, user } = attempt
    const { random, nextSeq } = this.#parts
    if (random.chance(0.1)) {
      attempt.state = 'lost'
      return
    }
    if (user.membership.isIn === (f === 'join')) {
      attempt.state = 'refused'
      return
    }
    attempt.state = 'made'
    const seq = nextSeq()
    const notice = { ...this.#notice(seq, events[f], by), users: f === 'leave' ? [] : [user.name] }
    if (f === 'join') user.membership.since = seq
    this.#tell(notice)
    if (f !== 'join') user.membership.since = undefined
  }

  #answer(attempt: Attempt): void {
    const { random, write } = this.#parts
    const { state, isUnknown, user } = attempt
    this.#attempts = this.#attempts.filter(other => other !== attempt)
    const named = this.#lineOf(attempt)
    if (state === 'lost' || random.chance(0.1)) {
      if (!isUnknown) write({ type: 'info', ...named })
    } else if (state === 'refused') write({ type: 'fail', ...named, reason: 'GROUP_004' })
    else {
      user.membership.learn()
      write({ type: 'ok', ...named })
    }
  }

  #tell(notice: SimulatedNotice): void {
    for (const user of this.#parts.users) if (user.membership.isIn) user.feed.push(notice)
  }

  #notice(seq: number, event: string, from: string) {
    return { kind: 'notice', conv: this.#parts.conv, seq, event, from } as const
  }

  #lineOf({ f, proc, by, user }: Attempt) {
    return { f, proc, by, users: [user.name], conv: this.#parts.conv } as const
  }
}
