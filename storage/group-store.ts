import type { EntryPolicy, Role } from '../protocol/groups.ts'
import type { GroupId, UserId } from '../protocol/ids.ts'

/** Groups as far as they are saved. They change by their feeds alone: nothing here writes but `nextId`. */
export interface GroupStore {
  /** A decimal number that no group had before; they grow, with gaps. */
  nextId(): Promise<GroupId>
  /** What an activation starts from, as of one moment; undefined when there is no such group yet. */
  load(group: GroupId): Promise<GroupRows | undefined>
  find(group: GroupId): Promise<GroupRow | undefined>
  /** Those who are in, by when they joined. */
  members(group: GroupId): Promise<readonly MemberRow[]>
  /** What of the group's feed lies or lay between the user's joining and leaving; empty for who was never in. */
  spans(group: GroupId, user: UserId): Promise<readonly Span[]>
  /** The same of all groups, for several users at once. */
  memberships(users: readonly UserId[]): Promise<readonly UserMembership[]>
  /**
   * Those who are in one of these groups, as far as it has no more than `max` members; the search ends with about `limit`
   * users.
   */
  membersOfSmall(groups: readonly GroupId[], max: number, limit: number): Promise<ReadonlySet<UserId>>
  /** Groups that the user owns, and those the user is in; the dissolved are left out. */
  createdBy(user: UserId): Promise<readonly GroupRow[]>
  joinedBy(user: UserId): Promise<readonly GroupRow[]>
}

/** Seqs from joining to leaving, both included; without `to` it lasts. */
export interface Span {
  readonly from: number
  readonly to?: number
}

export interface UserMembership extends Span {
  readonly user: UserId
  readonly group: GroupId
}

export interface GroupRow {
  readonly group: GroupId
  readonly name: string
  readonly owner: UserId
  readonly policy: EntryPolicy
  readonly muted: boolean
  readonly dissolved: boolean
  readonly memberCount: number
  /** ms since 1970. */
  readonly createdAt: number
  readonly updatedAt: number
}

export interface MemberRow {
  readonly user: UserId
  readonly role: Role
  readonly joinedSeq: number
  /** ms since 1970; 0 is never. */
  readonly joinedAt: number
  readonly mutedUntil: number
}

export interface GroupRows extends GroupRow {
  /** Everything up to it is in these rows. */
  readonly position: number
  /** The number of the group's last message up to there; 0 when there is none. */
  readonly lastOrdinal: number
  readonly members: readonly MemberRow[]
}
