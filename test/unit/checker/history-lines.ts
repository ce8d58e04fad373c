import type { HistoryEvent, HistoryLine } from '../../../tools/checker/history.ts'

/** A history written by hand: one event each millisecond. */
export const historyOf = (...events: readonly HistoryEvent[]): HistoryLine[] =>
  events.map((event, t) => ({ t, ...event }))

interface Sent {
  readonly from?: string
  readonly conv?: string
  readonly conn?: string
}

const named = (id: string, { from = 'alice', conv = 'direct:alice:bob', conn = `${from}-1` }: Sent) =>
  ({ f: 'send', proc: from, conv, from, id, conn }) as const

export const invoked = (id: string, sent: Sent = {}): HistoryEvent => ({ type: 'invoke', ...named(id, sent) })
export const refused = (id: string, sent: Sent = {}): HistoryEvent => ({ type: 'fail', ...named(id, sent) })
export const unknown = (id: string, sent: Sent = {}): HistoryEvent => ({ type: 'info', ...named(id, sent) })
export const accepted = (id: string, seq: number, sent: Sent = {}): HistoryEvent => ({
  type: 'ok',
  ...named(id, sent),
  seq,
})

interface Received extends Sent {
  readonly user?: string
}

export const received = (
  id: string,
  seq: number,
  { user = 'bob', from = 'alice', conv = 'direct:alice:bob', conn = `${user}-1` }: Received = {},
): HistoryEvent => ({ type: 'ok', f: 'recv', proc: user, user, conn, conv, seq, id, from })

/** A message that was sent, acknowledged and received. */
export const passed = (id: string, seq: number, sent: Sent = {}): HistoryEvent[] => [
  invoked(id, sent),
  accepted(id, seq, sent),
  received(id, seq, { from: sent.from ?? 'alice', user: sent.from === 'bob' ? 'alice' : 'bob' }),
]

export const quiet: HistoryEvent = { type: 'info', f: 'quiet', proc: 'drill' }

export const login = (
  type: 'invoke' | 'ok',
  conn: string,
  { sv = 1, ...rest }: { sv?: number; limit?: number; device?: string } = {},
): HistoryEvent => ({ type, f: 'login', proc: 'bob', user: 'bob', conn, sv, ...rest })

export const read = (type: 'invoke' | 'info' | 'ok', upto: number): HistoryEvent => ({
  type,
  f: 'read',
  proc: 'bob',
  user: 'bob',
  conv: 'direct:alice:bob',
  upto,
})

const CREW = 'group:crew'
const OWNER = 'alice'

type Change = 'join' | 'leave' | 'remove'

/** A try of alice's, or of the user's own where the user leaves; `n` tells several apart. */
const tried = (f: Change, user: string, n: number) => {
  const by = f === 'leave' ? user : OWNER
  return { f, proc: `${by}~${n}`, by, users: [user], conv: CREW }
}

export const changing = (f: Change, user: string, n = 1): HistoryEvent => ({
  type: 'invoke',
  ...tried(f, user, n),
})
export const changed = (f: Change, user: string, n = 1): HistoryEvent => ({
  type: 'ok',
  ...tried(f, user, n),
})
export const unsure = (f: Change, user: string, n = 1): HistoryEvent => ({
  type: 'info',
  ...tried(f, user, n),
})
export const unchanged = (f: Change, user: string, n = 1): HistoryEvent => ({
  type: 'fail',
  ...tried(f, user, n),
})

const events = { join: 'joined', leave: 'left', remove: 'removed' } as const

/** A notice of a change of the user's membership, as `at` hears it. */
export const heard = (at: string, f: Change, user: string, seq: number): HistoryEvent => {
  const { by } = tried(f, user, 1)
  const receiver = { proc: at, user: at, conn: `${at}-1`, conv: CREW } as const
  const users = f === 'leave' ? [] : [user]
  return { type: 'ok', f: 'notice', ...receiver, seq, event: events[f], from: by, users }
}

/** That there is a group of alice's and these, as she hears it. */
export const created = (seq: number, ...users: string[]): HistoryEvent => {
  const receiver = { proc: OWNER, user: OWNER, conn: 'alice-1', conv: CREW } as const
  return { type: 'ok', f: 'notice', ...receiver, seq, event: 'created', from: OWNER, users }
}

const question = { f: 'unread', proc: 'bob', user: 'bob', conv: 'direct:alice:bob' } as const
export const asked: HistoryEvent = { type: 'invoke', ...question }
export const told = (value: number): HistoryEvent => ({ type: 'ok', ...question, value })
