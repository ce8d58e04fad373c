import type { LogEntry, LogSubscription, MessageLog } from '../../messaging/message-log.ts'
import { endsMembership } from '../../protocol/groups.ts'
import { type Feed, type GroupId, groupFeed, type UserId } from '../../protocol/ids.ts'
import type { Span } from '../../storage/group-store.ts'
import type { UserRows } from '../../storage/store.ts'

interface Group {
  readonly spans: readonly Span[]
  readonly following: LogSubscription | undefined
}

/**
 * The groups a user is in or was in, and by when: a member sees what lies between joining and leaving. The tables say
 * it at the activation, then the groups' actors, and the feeds themselves: whoever is taken out reads it there.
 */
export class Memberships {
  readonly #user: UserId
  readonly #log: MessageLog
  readonly #onStored: (entry: LogEntry) => void
  readonly #groups = new Map<GroupId, Group>()

  /** `onStored` is given what is stored in the groups that the user is in. */
  constructor(user: UserId, log: MessageLog, onStored: (entry: LogEntry) => void) {
    this.#user = user
    this.#log = log
    this.#onStored = onStored
  }

  /** The feeds that hold something for the user, with the seq they begin after. */
  *feeds(): Iterable<{ readonly feed: Feed; readonly after: number; readonly end: number }> {
    for (const [group, { spans }] of this.#groups) {
      const feed = groupFeed(group)
      yield { feed, after: (spans[0]?.from ?? 1) - 1, end: endOf(spans) }
    }
  }

  /** The feeds of groups that the user is in. */
  *current(): Iterable<Feed> {
    for (const [group, { spans }] of this.#groups) if (endOf(spans) === LASTING) yield groupFeed(group)
  }

  /** The groups that the user is in. */
  *groups(): Iterable<GroupId> {
    for (const [group, { spans }] of this.#groups) if (endOf(spans) === LASTING) yield group
  }

  isMember(group: GroupId): boolean {
    return this.#endOf(group) === LASTING
  }

  /** Whether what has this seq in a group's feed is for the user. */
  isVisible(feed: Feed, seq: number): boolean {
    return (
      this.#groups.get(groupOf(feed))?.spans.some(({ from, to = LASTING }) => from <= seq && seq <= to) ??
      false
    )
  }

  /** After which seq there is nothing for the user in the feed: Infinity while the user is in. */
  end(feed: Feed): number {
    return this.#endOf(groupOf(feed))
  }

  /** What was heard before the rows were read is in them, or later than they are. */
  async restore(rows: UserRows['memberships']): Promise<void> {
    for (const { group, ...span } of rows) {
      const spans = this.#groups.get(group)?.spans ?? []
      const others = spans.filter(({ from }) => from !== span.from)
      const known = spans.find(({ from }) => from === span.from)
      this.#set(
        group,
        [...others, known?.to === undefined ? span : known].sort((a, b) => a.from - b.from),
      )
    }
    if (rows.length > 0) await this.#log.flush()
  }

  /** The user is in by the entry `seq`. Resolves when nothing later is missed. False when it was known. */
  async joined(group: GroupId, seq: number): Promise<boolean> {
    const spans = this.#groups.get(group)?.spans ?? []
    if (spans.some(({ from, to = LASTING }) => from >= seq || to === LASTING)) return false
    this.#set(group, [...spans, { from: seq }])
    await this.#log.flush()
    return true
  }

  /** The user is out by the entry `seq`. False when it was known, or the user is in again since. */
  left(group: GroupId, seq: number): boolean {
    const spans = this.#groups.get(group)?.spans ?? []
    const last = spans.at(-1)
    if (!last || last.to !== undefined || last.from > seq) return false
    this.#set(group, [...spans.slice(0, -1), { from: last.from, to: seq }])
    return true
  }

  /** Takes note of an entry of a group's feed that may take the user out. */
  observe({ seq, entry }: LogEntry): boolean {
    if (entry.kind !== 'notice' || !endsMembership(entry.change, entry.from, this.#user)) return false
    return this.left(entry.group, seq)
  }

  stop(): void {
    for (const { following } of this.#groups.values()) following?.stop()
    this.#groups.clear()
  }

  #endOf(group: GroupId): number {
    return endOf(this.#groups.get(group)?.spans ?? [])
  }

  #set(group: GroupId, spans: readonly Span[]): void {
    const before = this.#groups.get(group)?.following
    const isIn = endOf(spans) === LASTING
    if (!isIn) before?.stop()
    const following = isIn ? (before ?? this.#log.follow(groupFeed(group), this.#onStored)) : undefined
    this.#groups.set(group, { spans, following })
  }
}

const LASTING = Number.POSITIVE_INFINITY
const GROUP_PREFIX = groupFeed('')

const groupOf = (feed: Feed): GroupId => feed.slice(GROUP_PREFIX.length)

const endOf = (spans: readonly Span[]): number => {
  const last = spans.at(-1)
  return last === undefined ? 0 : (last.to ?? LASTING)
}
