import type { GroupId, UserId } from '../../protocol/ids.ts'
import { delay, fullJitter } from '../../runtime/backoff.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Span } from '../../storage/group-store.ts'
import type { Store } from '../../storage/store.ts'
import type { MembershipNotice } from '../group/announcements.ts'
import type { Connections } from './connections.ts'
import { byGroup, type Membership, type Memberships } from './memberships.ts'

const RETRY_BASE_MS = 100
const RETRY_CAP_MS = 5000

export interface MembershipUpdatesParts {
  readonly memberships: Memberships
  readonly connections: Pick<Connections, 'joined' | 'left'>
  readonly groups: Pick<Store['groups'], 'spans'>
  /** The user is in another set of groups now. */
  readonly changed: () => void
  /** Messages of before may have come to be the user's. */
  readonly recount: () => void
  readonly logger: Logger
}

/** Keeps an active user's memberships, and what follows from them, up to what groups' actors and the tables say. */
export class MembershipUpdates {
  readonly #user: UserId
  readonly #parts: MembershipUpdatesParts
  #stopped = false

  constructor(user: UserId, parts: MembershipUpdatesParts) {
    this.#user = user
    this.#parts = parts
  }

  /** Takes a group's word; `respond` tells the group that it is known here. */
  onNotice(notice: MembershipNotice, respond: ((value: unknown) => void) | undefined): void {
    void this.#untilDone(() => this.#onNotice(notice)).then(() => {
      if (!this.#stopped) respond?.({})
    })
  }

  /** Takes all that the tables say. */
  updateAll(rows: readonly Membership[]): Promise<void> {
    return this.#untilDone(async () => {
      for (const [group, spans] of byGroup(rows)) await this.#update(group, spans)
    })
  }

  stop(): void {
    this.#stopped = true
  }

  /** Nobody else may ask again: an activation that has been superseded answers a group, too, until it knows. */
  async #untilDone(work: () => Promise<void>): Promise<void> {
    for (let failures = 0; !this.#stopped; ) {
      try {
        await work()
        return
      } catch (error) {
        this.#parts.logger.warn(
          { err: error, user: this.#user },
          'a membership is not known yet; trying again',
        )
        await delay(fullJitter(failures++, RETRY_BASE_MS, RETRY_CAP_MS))
      }
    }
  }

  async #onNotice({ group, seq, member }: MembershipNotice): Promise<void> {
    const { memberships, connections, groups, changed } = this.#parts
    changed()
    if (!member) {
      if (memberships.left(group, seq)) connections.left(group)
    } else if (!memberships.knows(group, seq))
      await this.#update(group, await groups.spans(group, this.#user))
  }

  async #update(group: GroupId, spans: readonly Span[]): Promise<void> {
    const { memberships, connections, changed, recount } = this.#parts
    const wasIn = memberships.isMember(group)
    const isNews = await memberships.update(group, spans)
    if (wasIn && !memberships.isMember(group)) connections.left(group)
    if (!isNews) return
    changed()
    recount()
    connections.joined(group)
  }
}
