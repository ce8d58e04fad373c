import { directFeed, directPeer, type Feed, type UserId } from '../protocol/ids.ts'
import { delay, fullJitter } from '../runtime/backoff.ts'
import { Batches } from '../runtime/batches.ts'
import { chunked, placeholders } from './chunks.ts'
import type { Database, Parameter } from './database.ts'
import { isCollision } from './mysql-errors.ts'
import type { CursorBatch, DeliveredCursor, ReadCursor, UserRows, UserStore } from './store.ts'

/** Cursors in one statement. */
const CURSORS_A_STATEMENT = 200
/** Where those who have written last are looked for. */
const RECENT_MESSAGES = 1000
/** How often such a statement is tried again at once. */
const COLLISIONS = 5

/**
 * When a host is lost, all its users are loaded elsewhere: many in a statement, and so few statements at once that the
 * other connections are free.
 */
const LOADING = { size: 64, atOnce: 3 }

interface LoadRow {
  readonly owner: UserId | null
  readonly kind: 'position' | 'version' | 'last' | 'delivered' | 'single' | 'member'
  /** Of a single set: the conversation. */
  readonly device: string | null
  /** Of a single set: its JSON. */
  readonly feed: Feed | null
  readonly n: number | null
  /** Of a membership its end; 0 while it lasts. */
  readonly till: number | null
}

/** A group stands where a cursor's feed does. */
const membershipOf = ({ kind, feed: group, n, till }: LoadRow): UserRows['memberships'] =>
  kind === 'member' && group !== null ? [{ group, from: n ?? 0, ...(till ? { to: till } : {}) }] : []

function userRows(rows: readonly LoadRow[], position: number): UserRows {
  const number = (kind: LoadRow['kind']) => rows.find(row => row.kind === kind)?.n ?? 0
  return {
    position,
    sessionVersion: number('version'),
    lastDirectSeq: number('last'),
    delivered: rows.flatMap(({ kind, device, feed, n }): DeliveredCursor[] =>
      kind === 'delivered' && device !== null && feed !== null ? [{ device, feed, seq: n ?? 0 }] : [],
    ),
    memberships: rows.flatMap(membershipOf).sort((a, b) => a.from - b.from),
    single: rows.flatMap(({ kind, device, feed }) =>
      kind === 'single' && device !== null && feed !== null
        ? [{ conversation: device, seqs: JSON.parse(feed) as number[] }]
        : [],
    ),
  }
}

/** Statements of many rows meet others' locks now and then; what only grows can be written again. */
async function despiteCollisions(write: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await write()
    } catch (error) {
      if (!isCollision(error) || attempt === COLLISIONS) throw error
      await delay(fullJitter(attempt, 5, 100))
    }
  }
}

export class SqlUsers implements UserStore {
  readonly #database: Database

  readonly #loads = new Batches<UserId, UserRows>(users => this.#load(users), LOADING)

  constructor(database: Database) {
    this.#database = database
  }

  async load(user: UserId): Promise<UserRows> {
    const rows = await this.#loads.get(user)
    if (!rows) throw new Error(`${user} was not loaded`)
    return rows
  }

  /** One statement, and so one moment. */
  async #load(users: readonly UserId[]): Promise<ReadonlyMap<UserId, UserRows>> {
    const some = `(${users.map(() => '?').join(', ')})`
    const feeds = new Map(users.map(user => [directFeed(user), user]))
    const rows = await this.#database.rows<LoadRow>(
      `select 'position' as kind, null as owner, null as device, null as feed,
         (${this.#database.dialect.position}) as n, 0 as till
       union all select 'version', user_id, null, null, version, 0 from user_session where user_id in ${some}
       union all select 'last', null, null, feed, max(seq), 0 from message where feed in ${some} group by feed
       union all select 'delivered', user_id, device, feed, seq, 0 from delivery_cursor where user_id in ${some}
       union all select 'member', user_id, null, group_id, joined_seq, left_seq
         from t_im_group_member where user_id in ${some}
       union all select 'single', user_id, id, single, 0, 0
         from conversation where user_id in ${some} and single is not null`,
      [...users, ...feeds.keys(), ...users, ...users, ...users],
    )
    const position = rows.find(({ kind }) => kind === 'position')?.n ?? 0
    const byUser = new Map(users.map(user => [user, [] as LoadRow[]]))
    for (const row of rows) {
      const owner = row.kind === 'last' ? feeds.get(row.feed ?? '') : row.owner
      if (owner !== null && owner !== undefined) byUser.get(owner)?.push(row)
    }
    return new Map(Array.from(byUser, ([user, own]) => [user, userRows(own, position)]))
  }

  async sessionVersion(user: UserId): Promise<number> {
    const rows = await this.#database.rows<{ version: number }>(
      'select version from user_session where user_id = ?',
      [user],
    )
    return rows[0]?.version ?? 0
  }

  async raiseSessionVersion(user: UserId, version: number): Promise<number> {
    const { greatest, inserted } = this.#database.dialect
    return this.#changeVersion(user, version, greatest('user_session.version', inserted('version')))
  }

  async nextSessionVersion(user: UserId): Promise<number> {
    return this.#changeVersion(user, 1, 'user_session.version + 1')
  }

  async saveCursors({ delivered, read }: CursorBatch): Promise<void> {
    for (const some of chunked(delivered, CURSORS_A_STATEMENT)) {
      await despiteCollisions(() => this.#saveDelivered(some))
    }
    for (const some of chunked(read, CURSORS_A_STATEMENT)) {
      await despiteCollisions(() => this.#saveRead(some))
    }
  }

  async partners(user: UserId, limit: number): Promise<readonly UserId[]> {
    const rows = await this.#database.rows<{ id: string }>(
      "select id from conversation where user_id = ? and id like 'direct:%' limit ?",
      [user, limit + 1],
    )
    const partners = rows.flatMap(({ id }) => directPeer(id, user) ?? [])
    if (partners.length <= limit) return partners
    return [...new Set([...(await this.#latestSenders(user)), ...partners])].slice(0, limit)
  }

  async #latestSenders(user: UserId): Promise<readonly UserId[]> {
    const rows = await this.#database.rows<{ sender: UserId }>(
      `select sender from message ${this.#database.dialect.byIndex('message_feed')}
       where feed = ? and kind = 'direct' order by seq desc limit ${RECENT_MESSAGES}`,
      [directFeed(user)],
    )
    return rows.map(({ sender }) => sender)
  }

  /** The row's lock, taken by the first statement, makes the second read what the first wrote. */
  #changeVersion(user: UserId, first: number, next: string): Promise<number> {
    const { onConflict } = this.#database.dialect
    return this.#database.transaction(async within => {
      await this.#database.run(
        `insert into user_session (user_id, version) values (?, ?) ${onConflict(['user_id'], `version = ${next}`)}`,
        [user, first],
        within,
      )
      const rows = await this.#database.rows<{ version: number }>(
        'select version from user_session where user_id = ?',
        [user],
        within,
      )
      return rows[0]?.version ?? first
    })
  }

  #saveDelivered(cursors: CursorBatch['delivered']): Promise<void> {
    const { greatest, inserted, onConflict } = this.#database.dialect
    const values = cursors.flatMap((c): Parameter[] => [c.user, c.device, c.feed, c.seq])
    return this.#database.run(
      `insert into delivery_cursor (user_id, device, feed, seq) values ${placeholders(cursors.length, 4)} ` +
        onConflict(
          ['user_id', 'device', 'feed'],
          `seq = ${greatest('delivery_cursor.seq', inserted('seq'))}`,
        ),
      values,
    )
  }

  /** At an equal cursor the longer set of single seqs is the later one: they are only ever added to. */
  #saveRead(cursors: readonly ReadCursor[]): Promise<void> {
    const { greatest, inserted, onConflict } = this.#database.dialect
    const [seq, single] = [inserted('read_seq'), inserted('single')]
    const later = `${seq} > conversation.read_seq or (${seq} = conversation.read_seq
      and length(coalesce(${single}, '')) >= length(coalesce(conversation.single, '')))`
    const values = cursors.flatMap((c): Parameter[] => [
      c.user,
      c.conversation,
      c.seq,
      c.single.length > 0 ? JSON.stringify(c.single) : null,
    ])
    return this.#database.run(
      `insert into conversation (user_id, id, read_seq, single) values ${placeholders(cursors.length, 4)} ` +
        onConflict(
          ['user_id', 'id'],
          `single = case when ${later} then ${single} else conversation.single end,
           read_seq = ${greatest('conversation.read_seq', seq)}`,
        ),
      values,
    )
  }
}
