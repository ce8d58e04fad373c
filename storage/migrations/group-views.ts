import { Migration } from '@mikro-orm/migrations'
import { SqlitePlatform } from '@mikro-orm/sql'
import { columnsOf, counters, directMessages, mysqlWords, sqliteWords, type Words } from './offline-views.ts'

/** The views of what waits, with what waits in groups. */
export class GroupViews extends Migration {
  override readonly name = '0006-group-views'

  override up(): void {
    const words = this.driver.getPlatform() instanceof SqlitePlatform ? sqliteWords : mysqlWords
    for (const view of ['t_im_unread_counter', 't_im_offline_message'])
      this.addSql(`drop view if exists ${view}`)
    this.addSql(
      `create view t_im_offline_message as ${directMessages(words)} union all ${groupMessages(words)}`,
    )
    this.addSql(`create view t_im_unread_counter as ${counters}`)
  }
}

/** Unread in a group, by the same rules, is also what came after joining, and nothing once the member has left. */
const groupMessages = (words: Words): string =>
  `select m.seq as id, j.user_id as receiver_id, m.conversation as conversation_id, ${columnsOf(words)}
   from t_im_group_member j
   join message m on m.conversation = concat('group:', j.group_id) and m.seq > j.joined_seq
     and m.sender <> j.user_id and m.revoked = 0
   left join conversation c on c.user_id = j.user_id and c.id = m.conversation
   where j.left_seq = 0 and m.seq > coalesce(c.read_seq, 0)
     and (c.single is null or not ${words.acknowledged})
     and not exists (
       select 1 from message own
       where own.conversation = m.conversation and own.sender = j.user_id and own.seq > m.seq
     )`
