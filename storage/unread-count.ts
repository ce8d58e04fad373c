import type { Transaction } from '@mikro-orm/sql'
import type { UserId } from '../protocol/ids.ts'
import { chunked } from './chunks.ts'
import type { Database, Parameter } from './database.ts'
import type { ConversationCursor, ConversationRow, UnreadRows } from './store.ts'

/** Conversations counted by one statement. */
export const CONVERSATIONS_A_STATEMENT = 100

/** A conversation's stored cursor; the first row of all (its `id` is null) carries the position. */
interface CursorRow {
  readonly id: string | null
  readonly read_seq: number
  readonly single: string | null
}

/**
 * What lies after the read cursors of a user's conversations, as of one moment: in a group, also after joining. Cursors stand in the counting
 * statements as constants, because only so do all databases begin at the cursor: nothing older than the later of
 * the stored one and the user's own last message is looked at.
 */
export function countUnread(database: Database, user: UserId): Promise<UnreadRows> {
  return database.snapshot(async within => {
    const rows = await database.rows<CursorRow>(
      `select null as id, (${database.dialect.position}) as read_seq, null as single
       union all select id, read_seq, single from conversation where user_id = ? and id like 'direct:%'
       union all select concat('group:', m.group_id), ${database.dialect.greatest('m.joined_seq', 'coalesce(c.read_seq, 0)')},
         c.single from t_im_group_member m
         left join conversation c on c.user_id = m.user_id and c.id = concat('group:', m.group_id)
         where m.user_id = ? and m.left_seq = 0`,
      [user, user],
      within,
    )
    const cursors = rows.flatMap(row => cursorOf(row) ?? [])
    const conversations: ConversationRow[] = []
    for (const some of chunked(cursors, CONVERSATIONS_A_STATEMENT)) {
      const moved = await afterOwn(database, user, some, within)
      conversations.push(...(await counted(database, user, moved, within)))
    }
    return { position: rows.find(({ id }) => id === null)?.read_seq ?? 0, conversations }
  })
}

function cursorOf({ id, read_seq, single }: CursorRow): ConversationCursor | undefined {
  if (id === null) return undefined
  return {
    conversation: id,
    readSeq: read_seq,
    single: single === null ? [] : (JSON.parse(single) as number[]),
  }
}

/** Each cursor at the user's own last message after it, where there is one. */
async function afterOwn(
  database: Database,
  user: UserId,
  cursors: readonly ConversationCursor[],
  within: Transaction,
): Promise<readonly ConversationCursor[]> {
  const ownLast = `(select seq from message ${database.dialect.byIndex('message_conversation')}
    where conversation = ? and seq > ? and sender = ? order by seq desc limit 1)`
  const seqs = await numbers(
    database,
    cursors,
    () => ownLast,
    cursor => [cursor.conversation, cursor.readSeq, user],
    within,
  )
  return cursors.map((cursor, n) => {
    const readSeq = seqs[n] ?? cursor.readSeq
    return { ...cursor, readSeq, single: cursor.single.filter(seq => seq > readSeq) }
  })
}

async function counted(
  database: Database,
  user: UserId,
  cursors: readonly ConversationCursor[],
  within: Transaction,
): Promise<readonly ConversationRow[]> {
  const count = (cursor: ConversationCursor) => `(select count(*) ${unreadOf(database, cursor)})`
  const counts = await numbers(
    database,
    cursors,
    count,
    cursor => [cursor.conversation, cursor.readSeq, user],
    within,
  )
  return cursors.map((cursor, n) => ({ ...cursor, unread: counts[n] ?? 0 }))
}

/** One scalar for each cursor, in their order, by one statement. */
export async function numbers(
  database: Database,
  cursors: readonly ConversationCursor[],
  scalar: (cursor: ConversationCursor) => string,
  parameters: (cursor: ConversationCursor) => Parameter[],
  within: Transaction,
): Promise<readonly (number | null)[]> {
  const sql = cursors.map((cursor, n) => `select ${n} as n, ${scalar(cursor)} as value`).join(' union all ')
  const rows = await database.rows<{ n: number; value: number | null }>(
    sql,
    cursors.flatMap(parameters),
    within,
  )
  return rows.sort((a, b) => a.n - b.n).map(({ value }) => value)
}

/**
 * From where on a conversation's messages are unread; its parameters are the conversation, the read seq and the
 * user. The single seqs are constants, too.
 */
export const unreadOf = (database: Database, { single }: Pick<ConversationCursor, 'single'>): string =>
  `from message ${database.dialect.byIndex('message_conversation')}
   where conversation = ? and seq > ? and sender <> ?
   ${single.length > 0 ? `and seq not in (${single.map(Number).join(', ')})` : ''}`
