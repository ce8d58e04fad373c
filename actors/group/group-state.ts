import type { LogEntry } from '../../messaging/message-log.ts'
import type { NoticeEntry } from '../../protocol/entries.ts'
import { type EntryPolicy, endsMembership, joinedBy, type Role } from '../../protocol/groups.ts'
import type { UserId } from '../../protocol/ids.ts'
import type { GroupRows } from '../../storage/group-store.ts'

export interface Member {
  readonly role: Role
  readonly joinedSeq: number
  /** ms since 1970. */
  readonly joinedAt: number
  /** ms since 1970; 0 is never. */
  readonly mutedUntil: number
}

/** A group as its feed has made it. */
export interface GroupState {
  readonly name: string
  readonly owner: UserId
  readonly policy: EntryPolicy
  readonly muted: boolean
  readonly dissolved: boolean
  /** The number of its last message; 0 when there is none. */
  readonly lastOrdinal: number
  readonly members: ReadonlyMap<UserId, Member>
}

export const stateOf = (rows: GroupRows): GroupState => ({
  name: rows.name,
  owner: rows.owner,
  policy: rows.policy,
  muted: rows.muted,
  dissolved: rows.dissolved,
  lastOrdinal: rows.lastOrdinal,
  members: new Map(rows.members.map(({ user, ...member }) => [user, member])),
})

/** The group after the next entry of its feed. What is no group yet becomes one by being created only. */
export function fold(state: GroupState | undefined, { seq, entry }: LogEntry): GroupState | undefined {
  if (entry.kind === 'notice') return foldNotice(state, seq, entry)
  return state && entry.kind === 'group' ? { ...state, lastOrdinal: entry.ordinal } : state
}

function foldNotice(state: GroupState | undefined, seq: number, notice: NoticeEntry): GroupState | undefined {
  const { from, change, ts } = notice
  if (change.event === 'created') {
    const { name, policy } = change
    const empty = {
      name,
      owner: from,
      policy,
      muted: false,
      dissolved: false,
      lastOrdinal: 0,
      members: noOne,
    }
    return state ?? { ...empty, members: withNew(noOne, seq, notice) }
  }
  if (!state) return undefined
  switch (change.event) {
    case 'joined':
      return { ...state, members: withNew(state.members, seq, notice) }
    case 'removed':
    case 'left':
      return { ...state, members: without(state.members, user => endsMembership(change, from, user)) }
    case 'dissolved':
      return { ...state, dissolved: true, members: noOne }
    case 'role':
      return { ...state, members: changed(state.members, change.users, { role: change.role }) }
    case 'muted':
      if (!change.users) return { ...state, muted: change.until !== 0 }
      return { ...state, members: changed(state.members, change.users, { mutedUntil: change.until }) }
    case 'renamed':
      return { ...state, name: change.name }
    default:
      change satisfies never
      throw new Error(`no fold of what happened at ${ts}`)
  }
}

const noOne: ReadonlyMap<UserId, Member> = new Map()

function withNew(
  members: ReadonlyMap<UserId, Member>,
  seq: number,
  { change, from, ts }: NoticeEntry,
): ReadonlyMap<UserId, Member> {
  const after = new Map(members)
  for (const user of joinedBy(change, from)) {
    const role = change.event === 'created' && user === from ? 'owner' : 'member'
    if (!after.has(user)) after.set(user, { role, joinedSeq: seq, joinedAt: ts, mutedUntil: 0 })
  }
  return after
}

const without = (members: ReadonlyMap<UserId, Member>, gone: (user: UserId) => boolean) =>
  new Map([...members].filter(([user]) => !gone(user)))

function changed(
  members: ReadonlyMap<UserId, Member>,
  users: readonly UserId[],
  fields: Partial<Member>,
): ReadonlyMap<UserId, Member> {
  const after = new Map(members)
  for (const user of users) {
    const member = after.get(user)
    if (member) after.set(user, { ...member, ...fields })
  }
  return after
}
