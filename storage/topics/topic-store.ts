/**
 * Lists that clients keep fresh. A topic is a source of items and an outbox of what happened to them.
 *
 * Guarantees, on every database:
 * - a change and its events are one transaction;
 * - a topic's event ids have no gaps and become visible in their order, however many processes write: who has seen
 *   id n has seen, or can read, every id before it that is still retained;
 * - a snapshot and its `lastEventId` are of one moment: applying the events after it to the snapshot gives the list.
 * Every method throws TopicsFailed when the database does not do its part; whether a change was made is then unknown,
 * unless the failure is `busy`: then it was not.
 */
export interface TopicStore {
  readonly outbox: Outbox
  readonly websites: WebsiteStore
  /** Every topic that can be subscribed to. */
  readonly sources: readonly TopicSource[]
}

export interface TopicSource {
  /** At most 64 characters; it names the room, the events and the bus subject. */
  readonly topic: string
  snapshot(): Promise<Snapshot>
}

export interface Snapshot {
  readonly items: readonly object[]
  /** 0 when nothing has ever happened. */
  readonly lastEventId: number
}

export interface Outbox {
  head(topic: string): Promise<TopicHead>
  /** Up to `limit` events with id > `after`, in order. */
  read(topic: string, after: number, limit: number): Promise<readonly TopicEvent[]>
  /**
   * Deletes up to `limit` events that are over the limits, oldest first, and raises the floor; answers how many.
   * Waits for the topic's writers and holds them up, so that one process at a time trims.
   */
  trim(topic: string, limits: Retention, limit: number): Promise<number>
  /** Calls back with each change that this process has committed. Another process hears nothing. */
  onCommitted(listener: (topic: string, events: readonly TopicEvent[]) => void): void
}

export interface TopicHead {
  readonly lastEventId: number
  /** Events up to this id are no longer retained. */
  readonly floor: number
}

export interface TopicEvent {
  readonly id: number
  readonly type: EventType
  /** `add` and `update`: the whole item. `delete`: its id. */
  readonly data: object
}

export type EventType = 'add' | 'update' | 'delete'

export interface Retention {
  readonly maxEvents: number
  readonly maxAgeMs: number
}

export interface WebsiteStore extends TopicSource {
  create(fields: WebsiteFields): Promise<Created>
  /** Makes an event also when the new values are the old ones. */
  update(id: number, changes: Partial<WebsiteFields>): Promise<Updated>
  /** Answers how many of them there were: one event each. */
  delete(ids: readonly number[]): Promise<number>
  find(id: number): Promise<Website | undefined>
  /** A page (1-based) in the order of ids, with the total of the same moment. */
  page(page: number, size: number): Promise<{ readonly total: number; readonly items: readonly Website[] }>
}

export interface WebsiteFields {
  /** In lower case; unique. */
  readonly primary_domain: string
  readonly cname: string
  readonly line_group: string
  readonly https_enabled: boolean
  readonly status: 'active' | 'inactive'
}

/** An item as clients get it. */
export interface Website extends WebsiteFields {
  readonly website_id: number
}

/** `taken`: another website has the primary domain. */
export type Created =
  | { readonly ok: true; readonly id: number }
  | { readonly ok: false; readonly reason: 'taken' }
export type Updated = { readonly ok: true } | { readonly ok: false; readonly reason: 'taken' | 'unknown' }
