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
  /** Whether a column's JSON array of numbers has `element`. */
  readonly contains: (array: string, element: string) => string
  /** Ends a select whose rows must not change before the statement is done. */
  readonly forUpdate: string
}

export const sqliteDialect: Dialect = {
  position: 'select coalesce(max(seq), 0) from message',
  greatest: (a, b) => `max(${a}, ${b})`,
  onConflict: (key, assignments) => `on conflict (${key.join(', ')}) do update set ${assignments}`,
  inserted: column => `excluded.${column}`,
  insertIgnore: 'insert or ignore',
  text: column => column,
  contains: (array, element) => `${element} in (select value from json_each(${array}))`,
  forUpdate: '',
}

/** VALUES() is deprecated in MySQL 8, but MariaDB has not got its successor. */
export const mysqlDialect: Dialect = {
  position: 'select position from saver_position where id = 1',
  greatest: (a, b) => `greatest(${a}, ${b})`,
  onConflict: (_key, assignments) => `on duplicate key update ${assignments}`,
  inserted: column => `values(${column})`,
  insertIgnore: 'insert ignore',
  text: column => `convert(${column} using utf8mb4)`,
  contains: (array, element) => `json_contains(${array}, cast(${element} as char))`,
  forUpdate: 'for update',
}
