import type { GroupId, UserId } from '../../../protocol/ids.ts'
import { MAX_PRESENCE_GROUP } from '../../../protocol/presence.ts'
import type { Store } from '../../../storage/store.ts'

export interface CircleParts {
  readonly store: Pick<Store, 'users' | 'groups'>
  /** The groups that the user is in. */
  readonly groups: () => Iterable<GroupId>
  /** Users in it at most. */
  readonly limit: number
}

/**
 * Those with whom a user shares a conversation: direct partners, then the members of small groups. Read when
 * it is first needed and after a change of a group; whom the user meets meanwhile is in it at once.
 */
export class Circle {
  readonly #user: UserId
  readonly #parts: CircleParts
  /** By direct messages of this activation, the latest at the end. */
  readonly #met = new Set<UserId>()
  /** Undefined until it has been read. */
  #read: ReadonlySet<UserId> | undefined
  #reading: Promise<ReadonlySet<UserId>> | undefined
  #isCurrent = false

  constructor(user: UserId, parts: CircleParts) {
    this.#user = user
    this.#parts = parts
  }

  /** Whether it has been read, and nothing has changed since. */
  get isCurrent(): boolean {
    return this.#isCurrent && this.#reading === undefined
  }

  /**
   * A direct message went to or came from this user. True when that makes the user one of a circle that has been read,
   * while there is room in it.
   */
  met(user: UserId): boolean {
    if (this.#met.has(user)) return false
    const isNew = this.#read?.has(user) === false
    this.#met.add(user)
    if (this.#met.size <= this.#parts.limit) return isNew
    const [first] = this.#met
    if (first !== undefined) this.#met.delete(first)
    return false
  }

  /** Members of one of the user's groups have come or gone. */
  outdated(): void {
    this.#isCurrent = false
  }

  /** As far as it has been read. */
  has(user: UserId): boolean {
    return this.#met.has(user) || (this.#read?.has(user) ?? false)
  }

  /** Reads it where it is not current. */
  async users(): Promise<readonly UserId[]> {
    if (!this.isCurrent) {
      this.#reading ??= this.#load().finally(() => {
        this.#reading = undefined
      })
      await this.#reading
    }
    return [...new Set([...this.#met, ...(this.#read ?? [])])].slice(0, this.#parts.limit)
  }

  async #load(): Promise<ReadonlySet<UserId>> {
    const { store, groups, limit } = this.#parts
    this.#isCurrent = true
    try {
      const users = new Set(await store.users.partners(this.#user, limit))
      const members = await store.groups.membersOfSmall([...groups()], MAX_PRESENCE_GROUP, limit)
      for (const user of members) if (users.size < limit && user !== this.#user) users.add(user)
      this.#read = users
      return users
    } catch (error) {
      this.#isCurrent = false
      throw error
    }
  }
}
