import type { LogEntry, LogSubscription, MessageLog } from '../../messaging/message-log.ts'
import { endsMembership } from '../../protocol/groups.ts'
import { type Feed, type GroupId, groupFeed, type UserId } from '../../protocol/ids.ts'
import type { Span } from '../../storage/group-store.ts'

/** Once that a user was in a group, or is. */
export type Membership = Span & { readonly group: GroupId }

/** What a group's feed holds for the user: nothing up to `after`, nothing beyond `end`. */
export interface GroupPart {
  readonly feed: Feed
  readonly after: number
  readonly end: number
}

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
  /** Let in, but whether all that follows will be heard is not known yet: the last one of those who find it out. */
  readonly #entering = new Map<GroupId, object>()
  #stopped = false

  /** `onStored` is given what is stored in the groups that the user is in. */
  constructor(user: UserId, log: MessageLog, onStored: (entry: LogEntry) => void) {
    this.#user = user
    this.#log = log
    this.#onStored = onStored
  }

  /** The feeds that hold something for the user, with the seq they begin after. */
  *feeds(): Iterable<GroupPart> {
    for (const group of this.#groups.keys()) yield this.part(group)
  }

  /** The same of one group. */
  part(group: GroupId): GroupPart {
    const spans = this.#groups.get(group)?.spans ?? []
    return { feed: groupFeed(group), after: (spans[0]?.from ?? 1) - 1, end: endOf(spans) }
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

  /** Whether the user is known to have come in by the entry `seq`, and to miss nothing since. */
  knows(group: GroupId, seq: number): boolean {
    const spans = this.#groups.get(group)?.spans ?? []
    return !this.#entering.has(group) && spans.some(({ from }) => from === seq)
  }

  /** Whether what has this seq in a group's feed is for the user. */
  isVisible(feed: Feed, seq: number): boolean {
    return (
      this.#groups.get(groupOf(feed))?.spans.some(({ from, to = LASTING }) => from <= seq && seq <= to) ??
      false
    )
  }

  /**
   * After which seq there is nothing for the user in the feed: Infinity while the user is in. Until it is known that
   * nothing after a joining is missed, the feed does not go on: who pushed what is heard would leave out what is not.
   */
  end(feed: Feed): number {
    const group = groupOf(feed)
    const last = this.#groups.get(group)?.spans.at(-1)
    if (last && last.to === undefined && this.#entering.has(group)) return last.from - 1
    return this.#endOf(group)
  }

  /**
   * To be called once, with what the tables say at the activation, and the saver's position as of which they do. What
   * takes the user out may not be saved yet, although a cursor that lies beyond it is: no feed would tell it again.
   */
  async restore(rows: readonly Membership[], position: number): Promise<void> {
    for (const [group, spans] of byGroup(rows)) this.#set(group, this.#merged(group, spans))
    if (rows.length > 0) await this.#log.flush()
    const groups = this.groups()
    const observeNext = async () => {
      for (const group of groups) await this.#observeAfter(position, group)
    }
    await Promise.all(Array.from({ length: READS_AT_ONCE }, observeNext))
  }

  /**
   * Takes over what the tables say of a group by now, all of it: of several changes the user may have been told of the
   * last one first, or only of that. True when the user is in and was not, or in again, or was in meanwhile: then
   * nothing later is missed, not even what has taken the user out again since.
   */
  async update(group: GroupId, saved: readonly Span[]): Promise<boolean> {
    const before = this.#groups.get(group)?.spans ?? []
    const spans = this.#merged(group, saved)
    this.#set(group, spans)
    const isNews = spans.some(({ from }) => before.every(known => known.from !== from))
    const last = spans.at(-1)
    if (!last || last.to !== undefined) return isNews
    if (!isNews && !this.#entering.has(group)) return false
    const entering = {}
    this.#entering.set(group, entering)
    await this.#log.flush()
    await this.#observeAfter(last.from, group)
    // A later update has yet to find out: what it follows the feed by may not be in force.
    if (this.#entering.get(group) === entering) this.#entering.delete(group)
    return true
  }

  /**
   * The user is out by the entry `seq`. False when it was known. Of several leavings a later one may be heard first: the
   * first one after a joining is its end.
   */
  left(group: GroupId, seq: number): boolean {
    const spans = this.#groups.get(group)?.spans ?? []
    const index = spans.findLastIndex(({ from }) => from <= seq)
    const span = spans[index]
    if (!span || endOf([span]) <= seq) return false
    this.#set(group, spans.with(index, { from: span.from, to: seq }))
    return true
  }

  /** Takes note of an entry of a group's feed that may take the user out. */
  observe({ seq, entry }: LogEntry): boolean {
    if (entry.kind !== 'notice' || !endsMembership(entry.change, entry.from, this.#user)) return false
    return this.left(entry.group, seq)
  }

  stop(): void {
    this.#stopped = true
    for (const { following } of this.#groups.values()) following?.stop()
    this.#groups.clear()
  }

  /** Takes note of what the log has after `seq`: what is stored from now on is heard of. */
  async #observeAfter(seq: number, group: GroupId): Promise<void> {
    for (let after = seq; this.isMember(group); ) {
      const page = await this.#log.read(groupFeed(group), after, PAGE)
      for (const entry of page) this.observe(entry)
      const last = page.at(-1)
      if (!last || page.length < PAGE) return
      after = last.seq
    }
  }

  /** What was heard before the rows were read is in them, or later than they are. */
  #merged(group: GroupId, saved: readonly Span[]): readonly Span[] {
    const known = this.#groups.get(group)?.spans ?? []
    const others = known.filter(({ from }) => saved.every(span => span.from !== from))
    const ended = saved.map(span => {
      const same = known.find(({ from }) => from === span.from)
      return same && endOf([same]) < endOf([span]) ? same : span
    })
    return [...others, ...ended].sort((a, b) => a.from - b.from)
  }

  #endOf(group: GroupId): number {
    return endOf(this.#groups.get(group)?.spans ?? [])
  }

  #set(group: GroupId, spans: readonly Span[]): void {
    if (this.#stopped) return
    const before = this.#groups.get(group)?.following
    const isIn = endOf(spans) === LASTING
    if (!isIn) before?.stop()
    const following = isIn ? (before ?? this.#log.follow(groupFeed(group), this.#onStored)) : undefined
    this.#groups.set(group, { spans, following })
  }
}

const PAGE = 500
/** Groups whose feeds are read at the same time. */
const READS_AT_ONCE = 16
const LASTING = Number.POSITIVE_INFINITY
const GROUP_PREFIX = groupFeed('')

/** The spans of each group, in order. */
export function byGroup(rows: readonly Membership[]): ReadonlyMap<GroupId, readonly Span[]> {
  const spans = new Map<GroupId, Span[]>()
  for (const { group, ...span } of rows) spans.set(group, [...(spans.get(group) ?? []), span])
  return spans
}

const groupOf = (feed: Feed): GroupId => feed.slice(GROUP_PREFIX.length)

const endOf = (spans: readonly Span[]): number => {
  const last = spans.at(-1)
  return last === undefined ? 0 : (last.to ?? LASTING)
}
