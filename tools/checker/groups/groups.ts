import type { Conversations } from '../conversations.ts'
import type { MembershipLine, NoticeLine } from '../history.ts'
import { PairMap } from '../pair-map.ts'
import { SortedSeqs } from '../sorted-seqs.ts'
import { Unreadable } from '../unreadable.ts'
import type { Attempt, Notice } from './changes.ts'
import { Group } from './group.ts'

/** What a user has received of a group, notices included, and where: the lines of growing seqs only. */
export class GroupReceipts {
  readonly seqs = new SortedSeqs()
  readonly #growing: { readonly seq: number; readonly at: number }[] = []

  add(seq: number, at: number): void {
    if (seq > this.seqs.highest) this.#growing.push({ seq, at })
    this.seqs.add(seq)
  }

  /** The first line at which the user had received this seq or a later one. */
  reached(seq: number): number | undefined {
    let low = 0
    let high = this.#growing.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#growing[middle]?.seq ?? 0) < seq) low = middle + 1
      else high = middle
    }
    return this.#growing[low]?.at
  }
}

/** The groups of a history, by their conversations. */
export class Groups implements Iterable<Group> {
  readonly #conversations: Conversations
  readonly #groups = new Map<string, Group>()
  readonly #receipts = new PairMap(() => new GroupReceipts())

  constructor(conversations: Conversations) {
    this.#conversations = conversations
  }

  [Symbol.iterator](): Iterator<Group> {
    return this.#groups.values()
  }

  get(conv: string): Group | undefined {
    return this.#groups.get(conv)
  }

  change(line: MembershipLine, floor: number, at: number): Attempt {
    return this.#group(line.conv, at).attempt(line, floor, at)
  }

  notice(line: NoticeLine, at: number): Notice {
    this.receipts(line.user, line.conv).add(line.seq, at)
    return this.#group(line.conv, at).hear(line, at)
  }

  receipts(user: string, conv: string): GroupReceipts {
    return this.#receipts.get(user, conv)
  }

  quiet(): void {
    for (const group of this.#groups.values()) group.quiet()
  }

  #group(conv: string, at: number): Group {
    const known = this.#groups.get(conv)
    if (known) return known
    if (this.#conversations.get(conv, at).sides) throw new Unreadable(at, `${conv} is no group`)
    const group = new Group(conv)
    this.#groups.set(conv, group)
    return group
  }
}
