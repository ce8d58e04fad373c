import type { LoginLine } from './history.ts'

/** A connection of a user, as its login's lines tell. Points in the history are line numbers. */
export interface Connection {
  readonly name: string
  readonly device: string | undefined
  invoked: number | undefined
  confirmed: number | undefined
  /** From here on a newer login has certainly taken its place. */
  replaced: { readonly at: number; readonly by: string } | undefined
}

interface Owned {
  readonly byName: Map<string, Connection>
  /** Confirmed and not replaced yet. */
  current: Connection[]
}

/**
 * Who is connected, and which connection is certainly older than which: A is older than B if A was confirmed
 * before B was asked for. Logins that overlap may have come in either order, so neither replaces the other.
 * Where a user may have several connections, a login replaces only that of the same, named device.
 */
export class Connections {
  readonly #users = new Map<string, Owned>()

  get(user: string, name: string): Connection | undefined {
    return this.#users.get(user)?.byName.get(name)
  }

  login(line: LoginLine, at: number): void {
    const owned = this.#of(line.user)
    if (line.type === 'invoke') this.#begin(owned, line, at)
    if (line.type !== 'ok') return
    const connection = owned.byName.get(line.conn) ?? this.#begin(owned, line, at)
    connection.confirmed = at
    for (const other of owned.current)
      if (replaces(connection, other, line.limit ?? 1)) other.replaced = { at, by: connection.name }
    owned.current = owned.current.filter(other => !other.replaced && other !== connection)
    owned.current.push(connection)
  }

  #begin(owned: Owned, line: LoginLine, at: number): Connection {
    const connection = {
      name: line.conn,
      device: line.device,
      invoked: at,
      confirmed: undefined,
      replaced: undefined,
    }
    owned.current = owned.current.filter(({ name }) => name !== line.conn)
    owned.byName.set(line.conn, connection)
    return connection
  }

  #of(user: string): Owned {
    const known = this.#users.get(user)
    if (known) return known
    const owned = { byName: new Map(), current: [] }
    this.#users.set(user, owned)
    return owned
  }
}

function replaces(newer: Connection, older: Connection, limit: number): boolean {
  if (older.confirmed === undefined || newer.invoked === undefined || older.confirmed >= newer.invoked)
    return false
  return limit === 1 || (newer.device !== undefined && newer.device === older.device)
}
