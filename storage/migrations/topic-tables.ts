import { Migration } from '@mikro-orm/migrations'
import { SqlitePlatform } from '@mikro-orm/sql'

/**
 * The lists that clients keep fresh. An event's id is its topic's counter, so the two are the key: rows lie in the
 * order in which they are read. `created_at` is UTC. Host names are stored in lower case, and names of lines are
 * what they are, so everything is compared by code point.
 */
export class TopicTables extends Migration {
  override readonly name = '0002-topic-tables'

  override up(): void {
    const tables = this.driver.getPlatform() instanceof SqlitePlatform ? sqliteTables : mysqlTables
    for (const statement of tables) this.addSql(statement)
  }
}

const sqliteTables = [
  `create table ws_topics (
    name text primary key,
    last_event_id integer not null,
    floor integer not null
  ) without rowid`,
  `create table ws_events (
    topic text not null,
    id integer not null,
    event_type text not null check (event_type in ('add', 'update', 'delete')),
    payload text not null check (json_valid(payload)),
    created_at text not null,
    primary key (topic, id)
  ) without rowid`,
  `create table websites (
    id integer primary key autoincrement,
    primary_domain text not null unique,
    cname text not null,
    line_group text not null,
    https_enabled integer not null,
    status text not null check (status in ('active', 'inactive'))
  )`,
]

const options = 'engine = InnoDB default character set utf8mb4 collate utf8mb4_bin'

/** Such statements commit one by one, so each can be repeated after a start that was cut short. */
const mysqlTables = [
  `create table if not exists ws_topics (
    name varchar(64) not null primary key,
    last_event_id bigint not null,
    floor bigint not null
  ) ${options}`,
  `create table if not exists ws_events (
    topic varchar(64) not null,
    id bigint not null,
    event_type enum('add', 'update', 'delete') not null,
    payload json not null,
    created_at datetime(3) not null,
    primary key (topic, id)
  ) ${options}`,
  `create table if not exists websites (
    id bigint not null primary key auto_increment,
    primary_domain varchar(253) not null,
    cname varchar(253) not null,
    line_group varchar(64) not null,
    https_enabled tinyint(1) not null,
    status enum('active', 'inactive') not null,
    unique key websites_primary_domain (primary_domain)
  ) ${options}`,
]
