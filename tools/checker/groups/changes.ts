import type { MembershipLine, NoticeLine } from '../history.ts'

/** Lets users in or takes them out. */
export type Direction = 'in' | 'out'

/** One try to change who is in a group. Points in the history are line numbers. */
export interface Attempt {
  readonly f: MembershipLine['f']
  readonly by: string
  readonly users: readonly string[]
  readonly invoked: number
  /** What was already stored then: its own seq is higher. */
  readonly floor: number
  /** `open`: not answered yet, or of unknown outcome. `never`: all was quiet, and nobody had heard of it. */
  outcome: 'open' | 'made' | 'refused' | 'never'
  /** Where it was answered. */
  ended: number | undefined
  /** Its notice, where that can be no other's. */
  notice: Notice | undefined
}

/** A change that somebody has heard of: it has happened, and its place in the log is known. */
export interface Notice {
  readonly seq: number
  readonly event: string
  readonly from: string
  readonly users: readonly string[]
  /** Where it was first heard of. */
  readonly heard: number
  /** Which attempts it may be of; once there is one left, it is of that one. */
  attempts: readonly Attempt[]
}

/** Where in the log a change is, and when it happened, as far as that is known. */
export interface Change {
  readonly direction: Direction
  /** Whether it has happened at all. */
  readonly certain: boolean
  /** Its seq lies between, both included. */
  readonly min: number
  readonly max: number
  /** Before this line it had not happened; undefined when that is not known. */
  readonly invoked: number | undefined
  /** By this line it had happened. */
  readonly ended: number | undefined
  /** Where it was said to be done: the server knows it everywhere from there on. */
  readonly answered: number | undefined
}

/** What such an attempt is told as. */
const events: Readonly<Record<Attempt['f'], string>> = { join: 'joined', leave: 'left', remove: 'removed' }

export const directionOf = (f: Attempt['f']): Direction => (f === 'join' ? 'in' : 'out')

/** Which way a notice changes membership, if any. */
export function directionIn(event: string): Direction | undefined {
  if (event === 'created' || event === 'joined') return 'in'
  return event === 'left' || event === 'removed' || event === 'dissolved' ? 'out' : undefined
}

/** Whom a notice lets in or takes out; `all` where it ends the group. */
export function concernedBy({ event, from, users }: Pick<NoticeLine, 'event' | 'from' | 'users'>) {
  if (event === 'dissolved') return 'all'
  if (event === 'left') return [from]
  return event === 'created' ? [from, ...users] : users
}

/** Whether the notice tells what was tried, whenever that was. */
export function tells(notice: Notice, { f, by, users }: Attempt): boolean {
  if (notice.event !== events[f] || notice.from !== by) return false
  const concerned = concernedBy(notice)
  return concerned === 'all' || concerned.every(user => users.includes(user))
}

/** Whether `x` lies before `y` in the log, for certain. */
export const isBefore = (x: Change, y: Change): boolean =>
  x.max < y.min || (x.ended !== undefined && y.invoked !== undefined && x.ended < y.invoked)

/**
 * The joining by which a user is in all the time from one line to another, for certain. `knownBy`: by which line it
 * counts, undefined when not yet.
 */
export function stayFrom(
  changes: readonly Change[],
  [first, last]: readonly [number, number],
  knownBy: (change: Change) => number | undefined,
): Change | undefined {
  const leavings = changes.filter(
    ({ direction, invoked }) => direction === 'out' && !(invoked !== undefined && invoked > last),
  )
  return changes.find(
    change =>
      change.direction === 'in' &&
      change.certain &&
      (knownBy(change) ?? Number.POSITIVE_INFINITY) < first &&
      leavings.every(leaving => isBefore(leaving, change)),
  )
}
