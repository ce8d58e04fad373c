import {
  type Appended,
  type Claim,
  type Fence,
  type LogEntry,
  type NewClaim,
  type NewEntry,
  Superseded,
} from '../../../messaging/message-log.ts'
import { endsMembership, joinedBy } from '../../../protocol/groups.ts'
import { type Feed, type GroupId, groupFeed, type Owner, type UserId } from '../../../protocol/ids.ts'
import type { Span } from '../../../storage/group-store.ts'
import { SimulatedProcess, type VirtualTime } from './virtual-time.ts'

/** Who is sent live copies. */
interface StreamView {
  copied(entry: LogEntry, previous: number): void
  claimed(owner: Owner, token: string): void
}

/** The stream as all processes share it. */
export class SimulatedStream {
  readonly process = new SimulatedProcess('log')
  readonly time: VirtualTime
  readonly views = new Set<StreamView>()
  readonly claims = new Map<Owner, Claim>()
  readonly #bySeq = new Map<number, LogEntry>()
  readonly #feeds = new Map<Feed, LogEntry[]>()
  readonly #seqs = new Map<string, number>()
  /** Share of the live copies that get lost. */
  loss = 0
  lastSeq = 0

  constructor(time: VirtualTime) {
    this.time = time
  }

  feed(feed: Feed): readonly LogEntry[] {
    return this.#feeds.get(feed) ?? []
  }

  entry(seq: number): LogEntry | undefined {
    return this.#bySeq.get(seq)
  }

  groups(): GroupId[] {
    return [...this.#feeds.keys()].flatMap(feed => /^group\.(.*)$/.exec(feed)?.[1] ?? [])
  }

  /** Of a group's feed, as it stands up to a seq, what lies between the user's joining and leaving. */
  spans(group: GroupId, user: UserId, upTo = this.lastSeq): readonly Span[] {
    const spans: Span[] = []
    for (const { seq, entry } of this.feed(groupFeed(group))) {
      if (entry.kind !== 'notice' || seq > upTo) continue
      const last = spans.at(-1)
      const isIn = last !== undefined && last.to === undefined
      if (!isIn && joinedBy(entry.change, entry.from).includes(user)) spans.push({ from: seq })
      else if (isIn && endsMembership(entry.change, entry.from, user))
        spans.splice(-1, 1, { ...last, to: seq })
    }
    return spans
  }

  claim(owner: Owner, { token, body }: NewClaim, expected: number): number {
    const last = this.claims.get(owner)
    if ((last?.epoch ?? 0) !== expected && last?.token !== token) throw new Superseded(owner)
    const epoch = ++this.lastSeq
    this.claims.set(owner, { token, body, epoch })
    for (const view of this.views) view.claimed(owner, token)
    return epoch
  }

  append({ owner, epoch }: Fence, entries: readonly NewEntry[]): Appended[] {
    return entries.map(({ feed, dedupeId, entry }) => {
      const known = this.#seqs.get(dedupeId)
      if (known !== undefined) return { seq: known, duplicate: true }
      if (this.claims.get(owner)?.epoch !== epoch) throw new Superseded(owner)
      const appended = { seq: ++this.lastSeq, feed, entry }
      const before = this.#feeds.get(feed) ?? []
      this.#feeds.set(feed, [...before, appended])
      this.#bySeq.set(appended.seq, appended)
      this.#seqs.set(dedupeId, appended.seq)
      for (const view of this.views) view.copied(appended, before.at(-1)?.seq ?? 0)
      return { seq: appended.seq, duplicate: false }
    })
  }
}
