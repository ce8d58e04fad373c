import { fold, type GroupState } from '../../../actors/group/group-state.ts'
import type { LogEntry } from '../../../messaging/message-log.ts'
import { repeatIdOf } from '../../../protocol/entries.ts'
import { directFeed, type Feed, type GroupId, groupFeed, type UserId } from '../../../protocol/ids.ts'
import type { CursorBatch, DeliveredCursor, Store } from '../../../storage/store.ts'
import type { SimulatedStream } from './stream.ts'
import { SimulatedProcess } from './virtual-time.ts'

type UserCursor = DeliveredCursor & { readonly user: UserId }

/** The database: the stream up to a position, and cursors that only grow. */
export class SimulatedStore {
  position = 0
  /** Share of the calls that fail. */
  failures = 0
  /** Told of each cursor that is written. */
  onCursor: (cursor: UserCursor) => void = () => undefined
  readonly #cursors = new Map<string, UserCursor>()
  readonly #stream: SimulatedStream
  readonly #process = new SimulatedProcess('database')

  constructor(stream: SimulatedStream) {
    this.#stream = stream
  }

  cursorsOf(user: UserId): readonly UserCursor[] {
    return [...this.#cursors.values()].filter(cursor => cursor.user === user)
  }

  /** As much of the port as the actors of users and groups need. */
  get store(): Store {
    const memberships = (user: UserId) =>
      this.#stream.groups().flatMap(group => this.#spans(group, user).map(span => ({ user, group, ...span })))
    const store = {
      users: {
        load: this.#ask((user: UserId) => ({
          position: this.position,
          sessionVersion: 0,
          delivered: this.cursorsOf(user),
          single: [],
          lastDirectSeq: this.#feed(directFeed(user)).at(-1)?.seq ?? 0,
          memberships: memberships(user),
        })),
        saveCursors: this.#ask((batch: CursorBatch) => batch.delivered.forEach(this.#save)),
        partners: this.#ask(() => []),
      },
      messages: {
        position: this.#ask(() => this.position),
        readFeed: this.#ask((feed: Feed, after: number, limit: number) => {
          const later = this.#feed(feed).filter(({ seq }) => seq > after)
          return { entries: later.slice(0, limit), position: this.position }
        }),
        entry: this.#ask((seq: number) => this.#saved(this.#stream.entry(seq))[0]),
        seqOf: this.#ask((sender: UserId, id: string) => this.#seqOf(sender, id)),
        recentIds: this.#ask(() => []),
      },
      groups: {
        load: this.#ask((group: GroupId) => this.#load(group)),
        find: this.#ask((group: GroupId) => this.#load(group)),
        spans: this.#ask((group: GroupId, user: UserId) => this.#spans(group, user)),
        memberships: this.#ask((users: readonly UserId[]) => users.flatMap(memberships)),
        membersOfSmall: this.#ask(() => new Set()),
      },
    }
    return store as unknown as Store
  }

  #ask<A extends unknown[], T>(work: (...args: A) => T): (...args: A) => Promise<T> {
    const { time } = this.#stream
    return (...args) =>
      time.ask(this.#process, () => {
        if (time.chance(this.failures)) throw new Error('the database does not answer')
        return work(...args)
      })
  }

  readonly #save = (cursor: UserCursor): void => {
    const key = `${cursor.user} ${cursor.device} ${cursor.feed}`
    if (cursor.seq < (this.#cursors.get(key)?.seq ?? 0)) return
    this.#cursors.set(key, cursor)
    this.onCursor(cursor)
  }

  #saved(...entries: (LogEntry | undefined)[]): LogEntry[] {
    return entries.flatMap(entry => (entry && entry.seq <= this.position ? entry : []))
  }

  #feed(feed: Feed): LogEntry[] {
    return this.#saved(...this.#stream.feed(feed))
  }

  #spans(group: GroupId, user: UserId) {
    return this.#stream.spans(group, user, this.position)
  }

  #seqOf(sender: UserId, id: string): number | undefined {
    const all = this.#stream.groups().flatMap(group => this.#feed(groupFeed(group)))
    return all.find(({ entry }) => entry.from === sender && repeatIdOf(entry) === id)?.seq
  }

  #load(group: GroupId) {
    const state = this.#feed(groupFeed(group)).reduce<GroupState | undefined>(fold, undefined)
    if (!state) return undefined
    const members = [...state.members].map(([user, member]) => ({ user, ...member }))
    return { ...state, group, members, position: this.position }
  }
}
