import { Migration } from '@mikro-orm/migrations'
import { SqlitePlatform } from '@mikro-orm/sql'
import { counters, mysqlWords, sqliteWords, type Words } from './offline-views.ts'

/** The views of what waits, in which a message that was taken back waits like any other, without what it said. */
export class WaitingViews extends Migration {
  override readonly name = '0007-waiting-views'

  override up(): void {
    const words = this.driver.getPlatform() instanceof SqlitePlatform ? sqliteWords : mysqlWords
    for (const view of ['t_im_unread_counter', 't_im_offline_message'])
      this.addSql(`drop view if exists ${view}`)
    this.addSql(`create view t_im_offline_message as ${inDirect(words)} union all ${inGroups(words)}`)
    this.addSql(`create view t_im_unread_counter as ${counters}`)
  }
}

/** Unread: after the read cursor, not acknowledged by itself, and not followed by a message of the user's own. */
const inDirect = (words: Words): string =>
  `select m.seq as id, c.user_id as receiver_id, c.id as conversation_id, ${columnsOf(words)}
   from conversation c
   join message m on m.conversation = c.id and m.seq > c.read_seq and m.sender <> c.user_id
   where c.id like 'direct:%'
     and (c.single is null or not ${words.acknowledged})
     and ${notBeforeOwn('c.user_id')}`

/** In a group, by the same rules, also what came after joining, and nothing once the member has left. */
const inGroups = (words: Words): string =>
  `select m.seq as id, j.user_id as receiver_id, m.conversation as conversation_id, ${columnsOf(words)}
   from t_im_group_member j
   join message m on m.conversation = concat('group:', j.group_id) and m.seq > j.joined_seq
     and m.sender <> j.user_id
   left join conversation c on c.user_id = j.user_id and c.id = m.conversation
   where j.left_seq = 0 and m.seq > coalesce(c.read_seq, 0)
     and (c.single is null or not ${words.acknowledged})
     and ${notBeforeOwn('j.user_id')}`

const notBeforeOwn = (user: string): string =>
  `not exists (
     select 1 from message own
     where own.conversation = m.conversation and own.sender = ${user} and own.seq > m.seq
   )`

const columnsOf = (words: Words): string => `${words.msgId} as msg_id,
     case when m.body = '' or m.revoked = 1 then '[空消息]' when ${words.longerThan50} then ${words.firstOf50}
       else m.body end as msg_brief,
     m.ts as created_at`
