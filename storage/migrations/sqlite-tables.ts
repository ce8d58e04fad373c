/** The first tables of a standalone server. An index ends in the row id, which is the seq. */
export const sqliteTables = [
  `create table message (
    seq integer primary key autoincrement,
    feed text not null,
    conversation text not null,
    kind text not null,
    sender text not null,
    client_msg_id text,
    recipient text not null,
    body text not null,
    msg_type text not null,
    extra text,
    ts integer not null,
    revoked integer not null default 0
  )`,
  'create unique index message_client_msg_id on message (sender, client_msg_id)',
  'create index message_feed on message (feed)',
  'create index message_conversation on message (conversation)',
  `create table claim (
    epoch integer primary key autoincrement,
    owner text not null unique,
    token text not null,
    body text not null
  )`,
  `create table conversation (
    user_id text not null,
    id text not null,
    read_seq integer not null default 0,
    single text,
    primary key (user_id, id)
  ) without rowid`,
  `create table delivery_cursor (
    user_id text not null,
    device text not null,
    feed text not null,
    seq integer not null,
    primary key (user_id, device, feed)
  ) without rowid`,
  'create table user_session (user_id text primary key, version integer not null) without rowid',
  `create table account (
    user_id integer primary key autoincrement,
    username text not null unique,
    password_hash text not null,
    failed_logins integer not null default 0,
    last_failure_at integer not null default 0
  )`,
  "insert into sqlite_sequence (name, seq) values ('account', 10000)",
  `create table refresh_token (
    hash text primary key,
    user_id integer not null,
    family text not null,
    session_version integer not null,
    expires_at integer not null,
    used_at integer not null default 0,
    revoked integer not null default 0
  ) without rowid`,
  'create index refresh_token_user on refresh_token (user_id)',
  'create index refresh_token_family on refresh_token (family)',
]
