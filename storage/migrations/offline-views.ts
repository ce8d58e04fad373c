import { Migration } from '@mikro-orm/migrations'
import { SqlitePlatform } from '@mikro-orm/sql'

/**
 * What waits for whom, for people who query the database by the names of old: both are made of messages and read
 * cursors, and lag behind the latter by the half second in which those are written. Groups
 * come with their own tables.
 */
export class OfflineViews extends Migration {
  override readonly name = '0004-offline-views'

  override up(): void {
    const words = this.driver.getPlatform() instanceof SqlitePlatform ? sqliteWords : mysqlWords
    this.addSql(`${words.createView} t_im_offline_message as ${directMessages(words)}`)
    this.addSql(`${words.createView} t_im_unread_counter as ${counters}`)
  }
}

export interface Words {
  readonly createView: string
  readonly msgId: string
  readonly longerThan50: string
  readonly firstOf50: string
  readonly acknowledged: string
}

export const sqliteWords: Words = {
  createView: 'create view',
  msgId: 'coalesce(m.client_msg_id, cast(m.seq as text))',
  longerThan50: 'length(m.body) > 50',
  firstOf50: "substr(m.body, 1, 50) || '...'",
  acknowledged: 'm.seq in (select value from json_each(c.single))',
}

export const mysqlWords: Words = {
  createView: 'create or replace view',
  msgId: 'coalesce(convert(m.client_msg_id using utf8mb4), cast(m.seq as char))',
  longerThan50: 'char_length(m.body) > 50',
  firstOf50: "concat(left(m.body, 50), '...')",
  acknowledged: 'json_contains(c.single, cast(m.seq as char))',
}

/** Unread: after the read cursor, not acknowledged by itself, and not followed by a message of the user's own. */
export const directMessages = (words: Words): string =>
  `select m.seq as id, c.user_id as receiver_id, c.id as conversation_id, ${columnsOf(words)}
   from conversation c
   join message m on m.conversation = c.id and m.seq > c.read_seq and m.sender <> c.user_id and m.revoked = 0
   where c.id like 'direct:%'
     and (c.single is null or not ${words.acknowledged})
     and not exists (
       select 1 from message own
       where own.conversation = m.conversation and own.sender = c.user_id and own.seq > m.seq
     )`

export const counters = `
   select receiver_id as user_id, conversation_id, count(*) as unread_count, max(created_at) as updated_at
   from t_im_offline_message group by receiver_id, conversation_id`

/** What the view says of a message. */
export const columnsOf = (words: Words): string => `${words.msgId} as msg_id,
     case when m.body = '' then '[空消息]' when ${words.longerThan50} then ${words.firstOf50}
       else m.body end as msg_brief,
     m.ts as created_at`
