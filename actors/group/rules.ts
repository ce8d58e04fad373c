import {
  type GroupChange,
  MAX_GROUP_ADMINS,
  MAX_GROUP_MEMBERS,
  MAX_GROUP_NAME_CHARACTERS,
  MAX_USERS_A_CHANGE,
  type Role,
} from '../../protocol/groups.ts'
import type { UserId } from '../../protocol/ids.ts'
import type { GroupCommand, GroupRefusal } from './contract.ts'
import type { GroupState, Member } from './group-state.ts'

export type Judgement = { readonly change: GroupChange } | { readonly refused: GroupRefusal }

export type SpeechRefusal = 'not_group_member' | 'group_speak_muted'

/** Who may speak: members who are not muted; in a muted group its owner and admins. */
export function refuseSpeech(
  state: GroupState | undefined,
  from: UserId,
  now: number,
): SpeechRefusal | undefined {
  const member = state?.members.get(from)
  if (!state || !member) return 'not_group_member'
  return member.mutedUntil > now || (state.muted && !leads(member.role)) ? 'group_speak_muted' : undefined
}

export const leads = (role: Role): boolean => role !== 'member'

/** What a command means for the group, or why not. Source: the REST contract, "Rules". */
export function judge(
  state: GroupState | undefined,
  by: UserId,
  command: GroupCommand,
  now: number,
): Judgement {
  if (command.do === 'create') return state ? refused('already_member') : create(command, by)
  if (!state) return refused('not_found')
  if (state.dissolved) return refused('dissolved')
  const operator = state.members.get(by)
  if (!operator) return refused('not_member')
  // Whoever is in may go.
  if (command.do === 'remove' && command.user === by)
    return operator.role === 'owner' ? refused('owner_stays') : { change: { event: 'left' } }
  if (!leads(operator.role)) return refused('no_permission')
  return judgeLead(state, operator, command, now)
}

function judgeLead(
  state: GroupState,
  operator: Member,
  command: Exclude<GroupCommand, { do: 'create' }>,
  now: number,
): Judgement {
  switch (command.do) {
    case 'rename':
      return isName(command.name) ? { change: { event: 'renamed', name: command.name } } : refused('bad_name')
    case 'add':
      return add(state, command.users)
    case 'remove':
      return ofMember(state, command.user, { event: 'removed', users: [command.user] })
    case 'role':
      return appoint(state, operator, command.user, command.role)
    case 'mute-member': {
      const until = command.seconds > 0 ? now + command.seconds * 1000 : 0
      return ofMember(state, command.user, { event: 'muted', users: [command.user], until })
    }
    case 'mute-group':
      return { change: { event: 'muted', until: command.muted ? 1 : 0 } }
    case 'dissolve':
      return operator.role === 'owner' ? { change: { event: 'dissolved' } } : refused('no_permission')
    default:
      return command satisfies never
  }
}

function create({ name, policy, users }: GroupCommand & { do: 'create' }, owner: UserId): Judgement {
  const others = [...new Set(users)].filter(user => user !== owner)
  if (!isName(name)) return refused('bad_name')
  if (others.length > MAX_USERS_A_CHANGE) return refused('too_many_members')
  return { change: { event: 'created', name, policy, users: others } }
}

function add(state: GroupState, users: readonly UserId[]): Judgement {
  const fresh = [...new Set(users)].filter(user => !state.members.has(user))
  if (fresh.length === 0) return refused('already_member')
  const tooMany = fresh.length > MAX_USERS_A_CHANGE || state.members.size + fresh.length > MAX_GROUP_MEMBERS
  return tooMany ? refused('too_many_members') : { change: { event: 'joined', users: fresh } }
}

function appoint(state: GroupState, { role }: Member, user: UserId, wanted: 'admin' | 'member'): Judgement {
  if (role !== 'owner') return refused('no_permission')
  const admins = [...state.members.values()].filter(member => member.role === 'admin').length
  if (wanted === 'admin' && admins >= MAX_GROUP_ADMINS) return refused('too_many_members')
  return ofMember(state, user, { event: 'role', users: [user], role: wanted })
}

/** The owner can neither be removed nor lose the word or the role. */
function ofMember(state: GroupState, user: UserId, change: GroupChange): Judgement {
  const member = state.members.get(user)
  if (!member) return refused('member_not_found')
  return member.role === 'owner' ? refused('owner_stays') : { change }
}

/** 1–64 characters, none of them control characters, and not only spaces. */
const isName = (name: string): boolean =>
  name.trim() !== '' && [...name].length <= MAX_GROUP_NAME_CHARACTERS && !/\p{Cc}/u.test(name)

const refused = (reason: GroupRefusal): Judgement => ({ refused: reason })
