import { Migration } from '@mikro-orm/migrations'
import { SqlitePlatform } from '@mikro-orm/sql'

/** Customer sessions, and who is connected for customer service. */
export class CustomerServiceTables extends Migration {
  override readonly name = '0003-customer-service-tables'

  override up(): void {
    const tables = this.driver.getPlatform() instanceof SqlitePlatform ? sqliteTables : mysqlTables
    for (const statement of tables) this.addSql(statement)
  }
}

const sqliteTables = [
  `create table customer_session (
    id integer primary key autoincrement,
    customer_id text not null,
    open_customer text unique,
    status text not null check (status in ('WAITING', 'ACTIVE', 'CLOSED')),
    agent_id text,
    agent_name text,
    close_reason text,
    opened_at integer not null,
    changed_at integer not null
  )`,
  'create index customer_session_status on customer_session (status)',
  'create table online_lease (gateway_id text primary key, alive_until integer not null) without rowid',
  `create table online_connection (
    conn_id text primary key,
    gateway_id text not null,
    user_id text not null,
    type text not null check (type in ('agent', 'customer'))
  ) without rowid`,
  'create index online_connection_gateway on online_connection (gateway_id)',
  'create index online_connection_type on online_connection (type, user_id)',
]

const options = 'engine = InnoDB default character set utf8mb4 collate utf8mb4_bin'

const mysqlTables = [
  `create table if not exists customer_session (
    id bigint not null primary key auto_increment,
    customer_id varchar(64) not null,
    open_customer varchar(64) null,
    status enum('WAITING', 'ACTIVE', 'CLOSED') not null,
    agent_id varchar(64) null,
    agent_name varchar(255) null,
    close_reason varchar(255) null,
    opened_at bigint not null,
    changed_at bigint not null,
    unique key customer_session_open (open_customer),
    key customer_session_status (status, id)
  ) ${options}`,
  `create table if not exists online_lease (
    gateway_id varchar(128) not null primary key,
    alive_until bigint not null
  ) ${options}`,
  `create table if not exists online_connection (
    conn_id varchar(160) not null primary key,
    gateway_id varchar(128) not null,
    user_id varchar(64) not null,
    type enum('agent', 'customer') not null,
    key online_connection_gateway (gateway_id),
    key online_connection_type (type, user_id)
  ) ${options}`,
]
