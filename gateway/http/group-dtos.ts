import type { Role } from '../../protocol/groups.ts'
import type { GroupId, UserId } from '../../protocol/ids.ts'
import type { GroupRow, MemberRow } from '../../storage/group-store.ts'
import type { AccountStore } from '../../storage/store.ts'
import { accountId } from '../auth/accounts.ts'

export interface GroupDto {
  readonly groupId: GroupId
  readonly groupName: string
  readonly ownerId: UserId
  readonly ownerName: string
  readonly memberCount: number
  readonly entryPolicy: 'INVITED' | 'APPROVAL'
  readonly muted: boolean
  /** ms since 1970. */
  readonly createdAt: number
  readonly updatedAt: number
}

export interface MemberDto {
  readonly groupId: GroupId
  readonly userId: UserId
  readonly userName: string
  readonly role: Uppercase<Role>
  readonly roleName: string
  /** ms since 1970. */
  readonly joinedAt: number
  /** ms since 1970; absent when the member may speak. */
  readonly mutedUntil?: number
}

type Names = Pick<AccountStore, 'usernames'>

const roles = {
  owner: { role: 'OWNER', roleName: '群主' },
  admin: { role: 'ADMIN', roleName: '管理员' },
  member: { role: 'MEMBER', roleName: '普通成员' },
} as const satisfies Record<Role, { role: Uppercase<Role>; roleName: string }>

const policies = { invited: 'INVITED', approval: 'APPROVAL' } as const

export async function groupDtos(groups: readonly GroupRow[], accounts: Names): Promise<GroupDto[]> {
  const names = await namesOf(
    groups.map(({ owner }) => owner),
    accounts,
  )
  return groups.map(({ group, name, owner, policy, memberCount, muted, createdAt, updatedAt }) => ({
    groupId: group,
    groupName: name,
    ownerId: owner,
    ownerName: names(owner),
    memberCount,
    entryPolicy: policies[policy],
    muted,
    createdAt,
    updatedAt,
  }))
}

/** `now`: ms since 1970. */
export async function memberDtos(
  groupId: GroupId,
  members: readonly MemberRow[],
  accounts: Names,
  now: number,
): Promise<MemberDto[]> {
  const names = await namesOf(
    members.map(({ user }) => user),
    accounts,
  )
  return members.map(({ user, role, joinedAt, mutedUntil }) => {
    const member = { groupId, userId: user, userName: names(user), ...roles[role], joinedAt }
    return mutedUntil > now ? { ...member, mutedUntil } : member
  })
}

/** A user whom only a foreign token knows is called by the id. */
async function namesOf(users: readonly UserId[], accounts: Names): Promise<(user: UserId) => string> {
  const ids = users.flatMap(user => accountId(user) ?? [])
  const known = await accounts.usernames([...new Set(ids)])
  return user => known.get(accountId(user) ?? 0) ?? user
}
