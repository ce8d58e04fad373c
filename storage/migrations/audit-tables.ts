import { Migration } from '@mikro-orm/migrations'
import { SqlitePlatform } from '@mikro-orm/sql'

/**
 * Audit events, how far an auditor is in the log, when savers and auditors were where in it (s since 1970), and in
 * standalone, too, what could not be saved or audited. Other times are ms since 1970.
 */
export class AuditTables extends Migration {
  override readonly name = '0008-audit-tables'

  override up(): void {
    const tables = this.driver.getPlatform() instanceof SqlitePlatform ? sqliteTables : mysqlTables
    for (const statement of tables) this.addSql(statement)
  }
}

const sqliteTables = [
  `create table audit_event (
    id integer primary key autoincrement,
    event_id text not null unique,
    event text not null,
    user_id text not null,
    by_id text not null,
    at integer not null,
    group_id text,
    conn_id text,
    gateway_id text,
    device text,
    address text,
    detail text
  )`,
  'create index audit_event_user on audit_event (user_id)',
  'create index audit_event_by on audit_event (by_id)',
  'create index audit_event_name on audit_event (event)',
  'create index audit_event_group on audit_event (group_id)',
  'create index audit_event_at on audit_event (at)',
  `create table dead_letter (
    seq integer primary key,
    subject text not null,
    dedupe_id text,
    detail text not null,
    payload blob not null,
    at integer not null
  )`,
]

const options = 'engine = InnoDB default character set utf8mb4 collate utf8mb4_bin'

/** Such statements commit one by one, so each can be repeated after a start that was cut short. */
const mysqlTables = [
  `create table if not exists audit_event (
    id bigint not null primary key auto_increment,
    event_id varchar(190) not null,
    event varchar(32) not null,
    user_id varchar(64) not null,
    by_id varchar(64) not null,
    at bigint not null,
    group_id varchar(64) null,
    conn_id varchar(64) null,
    gateway_id varchar(190) null,
    device varchar(128) null,
    address varchar(64) null,
    detail mediumtext null,
    unique key audit_event_event_id (event_id),
    key audit_event_user (user_id, id),
    key audit_event_by (by_id, id),
    key audit_event_name (event, id),
    key audit_event_group (group_id, id),
    key audit_event_at (at)
  ) ${options}`,
  'create table if not exists audit_position (id int not null primary key, position bigint not null)',
  'insert ignore into audit_position (id, position) values (1, 0)',
  `create table if not exists purge_sample (
    purger varchar(16) not null,
    at bigint not null,
    position bigint not null,
    primary key (purger, at)
  ) ${options}`,
]
