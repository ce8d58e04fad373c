import { type Entry, isMessage, type NoticeEntry } from '../protocol/entries.ts'
import type { GroupId, UserId } from '../protocol/ids.ts'
import { eventsOf, insertEvents } from './audit-row.ts'
import { chunked, placeholders } from './chunks.ts'
import type { Statement } from './statement.ts'

/** Members of one statement. */
const MEMBERS_A_STATEMENT = 100

/**
 * What an entry changes besides its own row: groups and memberships are a fold of their feeds, a revocation marks
 * its message, and an auditor hears of both. Whoever stores the entry runs these in the same transaction, in the order of the log and once.
 * `insert` is the dialect's that leaves out rows whose key exists: nothing that an actor wrote may stop the saving.
 */
export function projectionOf(seq: number, entry: Entry, insert: string): readonly Statement[] {
  if (isMessage(entry)) return []
  return [...changesOf(seq, entry, insert), ...insertEvents({ insert }, eventsOf(seq, entry))]
}

function changesOf(seq: number, entry: Entry, insert: string): Iterable<Statement> {
  if (entry.kind === 'notice') return ofNotice(seq, entry, insert)
  if (entry.kind === 'revocation')
    return [{ sql: 'update message set revoked = 1 where seq = ?', parameters: [entry.target] }]
  return []
}

function* ofNotice(
  seq: number,
  { group, from, change, ts }: NoticeEntry,
  insert: string,
): Generator<Statement> {
  const joining = (users: readonly UserId[], role: string) => ofJoining(insert, seq, group, users, role, ts)
  switch (change.event) {
    case 'created':
      yield {
        sql: `${insert} into t_im_group (group_id, group_name, owner_id, entry_policy, muted, dissolved, created_at,
          updated_at) values (?, ?, ?, ?, 0, 0, ?, ?)`,
        parameters: [group, change.name, from, change.policy, ts, ts],
      }
      yield* joining([from], 'owner')
      yield* joining(change.users, 'member')
      return
    case 'joined':
      yield* joining(change.users, 'member')
      break
    case 'removed':
      yield* leaving(seq, group, change.users, ts)
      break
    case 'left':
      yield* leaving(seq, group, [from], ts)
      break
    case 'role':
      yield* ofMembers(group, change.users, 'role = ?', [change.role])
      break
    case 'muted':
      if (change.users) yield* ofMembers(group, change.users, 'muted_until = ?', [change.until])
      else
        yield { sql: 'update t_im_group set muted = ? where group_id = ?', parameters: [change.until, group] }
      break
    case 'renamed':
      yield {
        sql: 'update t_im_group set group_name = ? where group_id = ?',
        parameters: [change.name, group],
      }
      break
    case 'dissolved':
      yield { sql: 'update t_im_group set dissolved = 1 where group_id = ?', parameters: [group] }
      yield {
        sql: 'update t_im_group_member set left_seq = ?, left_at = ? where group_id = ? and left_seq = 0',
        parameters: [seq, ts, group],
      }
      break
    default:
      change satisfies never
  }
  yield { sql: 'update t_im_group set updated_at = ? where group_id = ?', parameters: [ts, group] }
}

function* ofJoining(
  insert: string,
  seq: number,
  group: GroupId,
  users: readonly UserId[],
  role: string,
  ts: number,
): Generator<Statement> {
  for (const some of chunked(users, MEMBERS_A_STATEMENT)) {
    yield {
      sql: `${insert} into t_im_group_member (group_id, user_id, joined_seq, role, joined_at)
        values ${placeholders(some.length, 5)}`,
      parameters: some.flatMap(user => [group, user, seq, role, ts]),
    }
  }
}

const leaving = (seq: number, group: GroupId, users: readonly UserId[], ts: number) =>
  ofMembers(group, users, 'left_seq = ?, left_at = ?', [seq, ts])

function* ofMembers(
  group: GroupId,
  users: readonly UserId[],
  assignments: string,
  values: readonly (string | number)[],
): Generator<Statement> {
  for (const some of chunked(users, MEMBERS_A_STATEMENT)) {
    yield {
      sql: `update t_im_group_member set ${assignments}
        where group_id = ? and left_seq = 0 and user_id in ${placeholders(1, some.length)}`,
      parameters: [...values, group, ...some],
    }
  }
}
