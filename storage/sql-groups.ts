import type { Transaction } from '@mikro-orm/sql'
import type { EntryPolicy } from '../protocol/groups.ts'
import { type GroupId, groupFeed, type UserId } from '../protocol/ids.ts'
import { chunked, placeholders } from './chunks.ts'
import type { Database } from './database.ts'
import type { GroupRow, GroupRows, GroupStore, MemberRow, Span, UserMembership } from './group-store.ts'

/** Groups whose members one statement reads. */
const GROUPS_A_STATEMENT = 20

interface GroupColumns {
  readonly id: GroupId
  readonly name: string
  readonly owner: UserId
  readonly policy: EntryPolicy
  readonly muted: number
  readonly dissolved: number
  readonly memberCount: number
  readonly createdAt: number
  readonly updatedAt: number
}

interface SpanColumns {
  readonly joined: number
  /** 0 while it lasts. */
  readonly gone: number
}

interface MembershipColumns extends SpanColumns {
  readonly user: UserId
  readonly groupId: GroupId
}

const USERS_A_STATEMENT = 200

const GROUP = `select g.group_id as id, g.group_name as name, g.owner_id as owner, g.entry_policy as policy,
  g.muted, g.dissolved, g.created_at as createdAt, g.updated_at as updatedAt,
  (select count(*) from t_im_group_member m where m.group_id = g.group_id and m.left_seq = 0) as memberCount
  from t_im_group g`

export class SqlGroups implements GroupStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** The row's lock, taken by the first statement, makes the second read what the first wrote. */
  nextId(): Promise<GroupId> {
    return this.#database.transaction(async within => {
      await this.#database.run('update group_counter set last_id = last_id + 1 where id = 1', [], within)
      const sql = 'select last_id as id from group_counter where id = 1'
      const [row] = await this.#database.rows<{ id: number }>(sql, [], within)
      if (!row) throw new Error('the counter of groups is missing from the database')
      return String(row.id)
    })
  }

  load(group: GroupId): Promise<GroupRows | undefined> {
    return this.#database.snapshot(async within => {
      const row = await this.find(group, within)
      if (!row) return undefined
      const members = await this.members(group, within)
      const [last] = await this.#database.rows<{ position: number; extra: string | null }>(
        `select (${this.#database.dialect.position}) as position, (select extra from message
           ${this.#database.dialect.byIndex('message_feed')}
           where feed = ? order by seq desc limit 1) as extra`,
        [groupFeed(group)],
        within,
      )
      return { ...row, members, position: last?.position ?? 0, lastOrdinal: ordinalOf(last?.extra) }
    })
  }

  async find(group: GroupId, within?: Transaction): Promise<GroupRow | undefined> {
    const [row] = await this.#database.rows<GroupColumns>(`${GROUP} where g.group_id = ?`, [group], within)
    return row && groupOf(row)
  }

  members(group: GroupId, within?: Transaction): Promise<readonly MemberRow[]> {
    return this.#database.rows<MemberRow>(
      `select user_id as user, role, joined_seq as joinedSeq, joined_at as joinedAt, muted_until as mutedUntil
       from t_im_group_member where group_id = ? and left_seq = 0 order by joined_seq, user_id`,
      [group],
      within,
    )
  }

  async spans(group: GroupId, user: UserId): Promise<readonly Span[]> {
    const rows = await this.#database.rows<SpanColumns>(
      `select joined_seq as joined, left_seq as gone from t_im_group_member
       where group_id = ? and user_id = ? order by joined_seq`,
      [group, user],
    )
    return rows.map(spanOf)
  }

  async memberships(users: readonly UserId[]): Promise<readonly UserMembership[]> {
    const memberships: UserMembership[] = []
    for (const some of chunked(users, USERS_A_STATEMENT)) {
      const rows = await this.#database.rows<MembershipColumns>(
        `select user_id as user, group_id as groupId, joined_seq as joined, left_seq as gone
         from t_im_group_member where user_id in ${placeholders(1, some.length)} order by joined_seq`,
        [...some],
      )
      for (const { user, groupId: group, ...row } of rows) memberships.push({ user, group, ...spanOf(row) })
    }
    return memberships
  }

  async membersOfSmall(groups: readonly GroupId[], max: number, limit: number): Promise<ReadonlySet<UserId>> {
    const found = new Set<UserId>()
    for (const some of chunked(groups, GROUPS_A_STATEMENT)) {
      // Of a large group no more is read than shows that it is one.
      const members = some.map(
        (_, n) => `select * from (select group_id as id, user_id as user from t_im_group_member
          where group_id = ? and left_seq = 0 limit ${Number(max) + 1}) g${n}`,
      )
      const rows = await this.#database.rows<{ id: GroupId; user: UserId }>(members.join(' union all '), some)
      const byGroup = Map.groupBy(rows, ({ id }) => id)
      for (const users of byGroup.values())
        if (users.length <= max) for (const { user } of users) found.add(user)
      if (found.size >= limit) break
    }
    return found
  }

  async createdBy(user: UserId): Promise<readonly GroupRow[]> {
    const rows = await this.#database.rows<GroupColumns>(
      `${GROUP} where g.owner_id = ? and g.dissolved = 0 order by g.created_at, g.group_id`,
      [user],
    )
    return rows.map(groupOf)
  }

  async joinedBy(user: UserId): Promise<readonly GroupRow[]> {
    const rows = await this.#database.rows<GroupColumns>(
      `${GROUP} join t_im_group_member j on j.group_id = g.group_id and j.user_id = ? and j.left_seq = 0
       where g.dissolved = 0 order by j.joined_seq, g.group_id`,
      [user],
    )
    return rows.map(groupOf)
  }
}

const spanOf = ({ joined, gone }: SpanColumns): Span =>
  gone === 0 ? { from: joined } : { from: joined, to: gone }

const groupOf = ({ id, muted, dissolved, ...row }: GroupColumns): GroupRow => ({
  group: id,
  ...row,
  muted: muted !== 0,
  dissolved: dissolved !== 0,
})

/** Every entry of a group's feed says it: messages their own, the others that of the last message before them. */
const ordinalOf = (extra: string | null | undefined): number =>
  extra == null ? 0 : (JSON.parse(extra) as { ordinal: number }).ordinal
