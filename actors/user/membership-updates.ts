import type { GroupId, UserId } from '../../protocol/ids.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Span } from '../../storage/group-store.ts'
import type { Store } from '../../storage/store.ts'
import type { MembershipNotice } from '../group/announcements.ts'
import type { Connections } from './connections.ts'
import { byGroup, type Membership, type Memberships } from './memberships.ts'

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

  constructor(user: UserId, parts: MembershipUpdatesParts) {
    this.#user = user
    this.#parts = parts
  }

  /** Takes a group's word; `respond` tells the group that it is known here. */
  onNotice(notice: MembershipNotice, respond: ((value: unknown) => void) | undefined): void {
    this.#onNotice(notice)
      .then(() => respond?.({}))
      .catch(error => this.#parts.logger.warn({ err: error, ...notice }, 'a membership is not known yet'))
  }

  /** Takes all that the tables say. */
  async updateAll(rows: readonly Membership[]): Promise<void> {
    try {
      for (const [group, spans] of byGroup(rows)) await this.#update(group, spans)
    } catch (error) {
      this.#parts.logger.warn({ err: error, user: this.#user }, 'memberships are not up to date')
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
