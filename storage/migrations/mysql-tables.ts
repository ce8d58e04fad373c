/**
 * The first tables of a cluster, for MySQL 8 and MariaDB 10.11. Such statements commit one by one, so each can be
 * repeated after a start that was cut short. Ids are compared by code point: `A1` and `a1` are two users.
 */

const options = 'engine = InnoDB default character set utf8mb4 collate utf8mb4_bin'

/** utf8mb4_bin ignores trailing spaces, which a client's message id may have: so that one is bytes. */
const CLIENT_MSG_ID = 'varbinary(128)'

export const mysqlTables = [
  `create table if not exists message (
    seq bigint not null primary key,
    feed varchar(80) not null,
    conversation varchar(140) not null,
    kind varchar(16) not null,
    sender varchar(64) not null,
    client_msg_id ${CLIENT_MSG_ID} null,
    recipient varchar(64) not null,
    body mediumtext not null,
    msg_type varchar(32) not null,
    extra mediumtext null,
    ts bigint not null,
    revoked tinyint(1) not null default 0,
    unique key message_client_msg_id (sender, client_msg_id),
    key message_sender (sender, seq),
    key message_feed (feed, seq),
    key message_conversation (conversation, seq)
  ) ${options}`,
  `create table if not exists conversation (
    user_id varchar(64) not null,
    id varchar(140) not null,
    read_seq bigint not null default 0,
    single mediumtext null,
    primary key (user_id, id)
  ) ${options}`,
  `create table if not exists delivery_cursor (
    user_id varchar(64) not null,
    device varchar(128) not null,
    feed varchar(80) not null,
    seq bigint not null,
    primary key (user_id, device, feed)
  ) ${options}`,
  `create table if not exists user_session (
    user_id varchar(64) not null primary key,
    version bigint not null
  ) ${options}`,
  `create table if not exists account (
    user_id bigint not null primary key auto_increment,
    username varchar(255) not null,
    password_hash varchar(512) not null,
    failed_logins int not null default 0,
    last_failure_at bigint not null default 0,
    unique key account_username (username)
  ) ${options} auto_increment = 10001`,
  `create table if not exists refresh_token (
    hash varchar(128) not null primary key,
    user_id bigint not null,
    family varchar(64) not null,
    session_version bigint not null,
    expires_at bigint not null,
    used_at bigint not null default 0,
    revoked tinyint(1) not null default 0,
    key refresh_token_user (user_id),
    key refresh_token_family (family)
  ) ${options}`,
  `create table if not exists saver_position (
    id int not null primary key,
    position bigint not null,
    lost_after bigint not null default 0,
    lost_up_to bigint not null default 0
  ) ${options}`,
  'insert ignore into saver_position (id, position) values (1, 0)',
  `create table if not exists dead_letter (
    seq bigint not null primary key,
    subject varchar(255) not null,
    dedupe_id varchar(255) null,
    detail text not null,
    payload longblob not null,
    at bigint not null
  ) ${options}`,
]

/**
 * Dapr's state store, as state.mysql of components-contrib 1.18 creates it, but with ids that are case-sensitive,
 * and before two sidecars can race to create it. Its upgrade of older tables finds nothing to do here.
 */
export const daprTables = [
  `create table if not exists state (
    id varchar(255) not null primary key,
    value json not null,
    isbinary boolean not null,
    insertDate timestamp not null default current_timestamp,
    updateDate timestamp not null default current_timestamp on update current_timestamp,
    eTag varchar(36) not null,
    expiredate timestamp null,
    row_id bigint unsigned not null auto_increment,
    index expiredate_idx (expiredate),
    unique key row_id_uidx (row_id)
  ) ${options}`,
  `create table if not exists dapr_metadata (
    id varchar(255) not null primary key,
    value text not null
  ) ${options}`,
]
