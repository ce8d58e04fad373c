import { IsolationLevel } from '@mikro-orm/core'
import type { Transaction } from '@mikro-orm/sql'
import { delay, fullJitter } from '../../runtime/backoff.ts'
import { chunked, placeholders } from '../chunks.ts'
import type { Database, Parameter } from '../database.ts'
import type { EventType, Outbox, Retention, Snapshot, TopicEvent, TopicHead } from './topic-store.ts'
import { isContended, TopicsFailed } from './topics-failed.ts'

const EVENTS_A_STATEMENT = 200
/** A change that met a deadlock is made again so often. */
const ATTEMPTS = 3
const RETRY_MS = 20

/** A change under way: statements go `within` its transaction, and what they did is recorded as events. */
export interface Change {
  readonly within: Transaction
  record(type: EventType, data: object): void
}

type Listener = (topic: string, events: readonly TopicEvent[]) => void

/**
 * The outbox in the tables `ws_topics` (one row a topic: its last event's id and its floor) and `ws_events`.
 * A writer locks its topic's row until it commits, so ids are given in the order of commits. AUTO_INCREMENT would
 * not do: it gives them before, and a reader could see 7 and never look for 6 again.
 */
export class SqlOutbox implements Outbox {
  readonly #database: Database
  readonly #listeners: Listener[] = []

  constructor(database: Database) {
    this.#database = database
  }

  head(topic: string): Promise<TopicHead> {
    return guarded(() => this.#head(topic))
  }

  read(topic: string, after: number, limit: number): Promise<readonly TopicEvent[]> {
    return guarded(async () => {
      const rows = await this.#database.rows<EventRow>(
        'select id, event_type, payload from ws_events where topic = ? and id > ? order by id limit ?',
        [topic, after, limit],
      )
      return rows.map(eventOf)
    })
  }

  /**
   * Makes a change to a topic's items. `work` sees them as they are and nobody else changes them meanwhile, so what
   * it checks first holds for what it does then. It may run more than once; it throws to leave everything as it was.
   */
  async change<T>(topic: string, work: (change: Change) => Promise<T>): Promise<T> {
    const { result, events } = await guarded(() => this.#attempt(topic, work))
    if (events.length > 0) for (const listener of this.#listeners) listener(topic, events)
    return result
  }

  /** Reads the items together with the id of the last event that made them so. */
  snapshot(topic: string, read: (within: Transaction) => Promise<readonly object[]>): Promise<Snapshot> {
    return this.moment(async within => {
      const { lastEventId } = await this.#head(topic, within)
      return { items: await read(within), lastEventId }
    })
  }

  /** Reads that all see the database as it is at the first of them. */
  moment<T>(read: (within: Transaction) => Promise<T>): Promise<T> {
    const connection = this.#database.orm.em.getConnection()
    const options = { isolationLevel: IsolationLevel.REPEATABLE_READ, readOnly: true }
    return guarded(() => connection.transactional(read, options))
  }

  trim(topic: string, { maxEvents, maxAgeMs }: Retention, limit: number): Promise<number> {
    const before = utc(Date.now() - maxAgeMs)
    return guarded(() =>
      this.#database.transaction(async within => {
        await this.#lock(topic, within)
        const { lastEventId } = await this.#head(topic, within)
        const oldest = await this.#database.rows<{ id: number; created_at: string }>(
          'select id, created_at from ws_events where topic = ? order by id limit ?',
          [topic, limit],
          within,
        )
        const kept = oldest.findIndex(row => row.id > lastEventId - maxEvents && row.created_at >= before)
        const over = kept === -1 ? oldest : oldest.slice(0, kept)
        const floor = over.at(-1)?.id
        if (floor === undefined) return 0
        await this.#database.run('delete from ws_events where topic = ? and id <= ?', [topic, floor], within)
        await this.#database.run('update ws_topics set floor = ? where name = ?', [floor, topic], within)
        return over.length
      }),
    )
  }

  onCommitted(listener: Listener): void {
    this.#listeners.push(listener)
  }

  async #attempt<T>(topic: string, work: (change: Change) => Promise<T>): Promise<Committed<T>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#database.transaction(within => this.#change(topic, work, within))
      } catch (error) {
        if (attempt === ATTEMPTS || !isContended(error)) throw error
      }
      await delay(fullJitter(attempt, RETRY_MS, RETRY_MS * 10))
    }
  }

  async #change<T>(
    topic: string,
    work: (change: Change) => Promise<T>,
    within: Transaction,
  ): Promise<Committed<T>> {
    await this.#lock(topic, within)
    const { lastEventId } = await this.#head(topic, within)
    const events: TopicEvent[] = []
    const record = (type: EventType, data: object) => {
      events.push({ id: lastEventId + events.length + 1, type, data })
    }
    const result = await work({ within, record })
    if (events.length > 0) await this.#write(topic, events, within)
    return { result, events }
  }

  /**
   * Takes the topic's lock by writing its row. On SQLite a transaction that began by reading could not write any
   * more once another connection has.
   */
  #lock(topic: string, within: Transaction): Promise<void> {
    const keep = this.#database.dialect.onConflict(['name'], 'last_event_id = ws_topics.last_event_id')
    const sql = `insert into ws_topics (name, last_event_id, floor) values (?, 0, 0) ${keep}`
    return this.#database.run(sql, [topic], within)
  }

  async #head(topic: string, within?: Transaction): Promise<TopicHead> {
    const sql = 'select last_event_id as lastEventId, floor from ws_topics where name = ?'
    const [row] = await this.#database.rows<TopicHead>(sql, [topic], within)
    return row ?? { lastEventId: 0, floor: 0 }
  }

  async #write(topic: string, events: readonly TopicEvent[], within: Transaction): Promise<void> {
    const now = utc(Date.now())
    for (const some of chunked(events, EVENTS_A_STATEMENT)) {
      const sql = `insert into ws_events (topic, id, event_type, payload, created_at)
        values ${placeholders(some.length, 5)}`
      const values = some.flatMap(({ id, type, data }): Parameter[] => [
        topic,
        id,
        type,
        JSON.stringify(data),
        now,
      ])
      await this.#database.run(sql, values, within)
    }
    const last = events.at(-1)?.id ?? 0
    await this.#database.run('update ws_topics set last_event_id = ? where name = ?', [last, topic], within)
  }
}

interface Committed<T> {
  readonly result: T
  readonly events: readonly TopicEvent[]
}

interface EventRow {
  readonly id: number
  readonly event_type: EventType
  /** Drivers know MySQL's JSON type; MariaDB and SQLite store text. */
  readonly payload: string | object
}

const eventOf = ({ id, event_type, payload }: EventRow): TopicEvent => ({
  id,
  type: event_type,
  data: typeof payload === 'string' ? (JSON.parse(payload) as object) : payload,
})

/** A UTC time as both databases write and compare it. `ms` since 1970. */
const utc = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '')

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new TopicsFailed(error)
  }
}
