import { IsolationLevel } from '@mikro-orm/core'

/** Where the two databases differ in the SQL of the stores. Everything else is written once. */
export interface Dialect {
  /** A scalar: everything up to it is in the tables. */
  readonly position: string
  /** The greater of two expressions. */
  readonly greatest: (a: string, b: string) => string
  /** What follows `insert … values …` to change the row that has the key already. */
  readonly onConflict: (key: readonly string[], assignments: string) => string
  /** A column of the row that could not be inserted, inside the assignments. */
  readonly inserted: (column: string) => string
  /** What makes `insert` skip rows whose key exists. */
  readonly insertIgnore: string
  /** A text column as text, also where it is stored as bytes. */
  readonly text: (column: string) => string
  /** After a table's name: reads it by this index alone, from the seq that the query gives on. */
  readonly byIndex: (index: string) => string
  /** The database's clock, s since 1970. */
  readonly now: string
  /** Ends a select whose rows must not change before the statement is done. */
  readonly forUpdate: string
  /** How a transaction begins whose reads all see the same moment. */
  readonly snapshot: { readonly isolationLevel?: IsolationLevel; readonly readOnly?: boolean }
}

export const sqliteDialect: Dialect = {
  position: 'select coalesce(max(seq), 0) from message',
  greatest: (a, b) => `max(${a}, ${b})`,
  onConflict: (key, assignments) => `on conflict (${key.join(', ')}) do update set ${assignments}`,
  inserted: column => `excluded.${column}`,
  insertIgnore: 'insert or ignore',
  text: column => column,
  byIndex: () => '',
  now: 'unixepoch()',
  forUpdate: '',
  snapshot: {},
}

/** VALUES() is deprecated in MySQL 8, but MariaDB has not got its successor. */
export const mysqlDialect: Dialect = {
  position: 'select position from saver_position where id = 1',
  greatest: (a, b) => `greatest(${a}, ${b})`,
  onConflict: (_key, assignments) => `on duplicate key update ${assignments}`,
  inserted: column => `values(${column})`,
  insertIgnore: 'insert ignore',
  text: column => `convert(${column} using utf8mb4)`,
  // Left alone, MariaDB takes the index by its first column only and looks at every row of a feed or conversation.
  byIndex: index => `force index (${index})`,
  now: 'unix_timestamp()',
  forUpdate: 'for update',
  snapshot: { isolationLevel: IsolationLevel.REPEATABLE_READ, readOnly: true },
}
