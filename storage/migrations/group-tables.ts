import { Migration } from '@mikro-orm/migrations'
import { SqlitePlatform } from '@mikro-orm/sql'

/**
 * Groups and their members, as the saver folds them from the groups' feeds. A membership is a row of its own each
 * time: from `joined_seq` to `left_seq`, which is 0 while it lasts. Times are ms since 1970.
 */
export class GroupTables extends Migration {
  override readonly name = '0005-group-tables'

  override up(): void {
    const tables = this.driver.getPlatform() instanceof SqlitePlatform ? sqliteTables : mysqlTables
    for (const statement of tables) this.addSql(statement)
  }
}

const sqliteTables = [
  `create table t_im_group (
    group_id text primary key,
    group_name text not null,
    owner_id text not null,
    entry_policy text not null check (entry_policy in ('invited', 'approval')),
    muted integer not null default 0,
    dissolved integer not null default 0,
    created_at integer not null,
    updated_at integer not null
  ) without rowid`,
  'create index t_im_group_owner on t_im_group (owner_id)',
  `create table t_im_group_member (
    group_id text not null,
    user_id text not null,
    joined_seq integer not null,
    left_seq integer not null default 0,
    role text not null check (role in ('owner', 'admin', 'member')),
    muted_until integer not null default 0,
    joined_at integer not null,
    left_at integer not null default 0,
    primary key (group_id, user_id, joined_seq)
  ) without rowid`,
  'create index t_im_group_member_user on t_im_group_member (user_id)',
  'create table group_counter (id integer primary key, last_id integer not null)',
  'insert into group_counter (id, last_id) values (1, 10000)',
]

const options = 'engine = InnoDB default character set utf8mb4 collate utf8mb4_bin'

/** Such statements commit one by one, so each can be repeated after a start that was cut short. */
const mysqlTables = [
  `create table if not exists t_im_group (
    group_id varchar(64) not null primary key,
    group_name varchar(64) not null,
    owner_id varchar(64) not null,
    entry_policy enum('invited', 'approval') not null,
    muted tinyint(1) not null default 0,
    dissolved tinyint(1) not null default 0,
    created_at bigint not null,
    updated_at bigint not null,
    key t_im_group_owner (owner_id)
  ) ${options}`,
  `create table if not exists t_im_group_member (
    group_id varchar(64) not null,
    user_id varchar(64) not null,
    joined_seq bigint not null,
    left_seq bigint not null default 0,
    role enum('owner', 'admin', 'member') not null,
    muted_until bigint not null default 0,
    joined_at bigint not null,
    left_at bigint not null default 0,
    primary key (group_id, user_id, joined_seq),
    key t_im_group_member_user (user_id)
  ) ${options}`,
  'create table if not exists group_counter (id int not null primary key, last_id bigint not null)',
  'insert ignore into group_counter (id, last_id) values (1, 10000)',
]
