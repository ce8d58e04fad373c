import type { Bus } from '../messaging/bus.ts'
import type { UserId } from '../protocol/ids.ts'
import { delay, fullJitter } from '../runtime/backoff.ts'
import type { Logger } from '../runtime/logger.ts'
import type { GroupStore, UserMembership } from '../storage/group-store.ts'

const RETRY_BASE_MS = 100
const RETRY_CAP_MS = 5000

type MembershipListener = (memberships: readonly UserMembership[]) => void

/**
 * Keeps active users' memberships from getting old. Groups' actors tell of changes over the bus, and take a user whom
 * nobody serves for one who is not active. So when the bus is back, what the tables say by now is told to every actor.
 */
export class MembershipWatch {
  readonly #bus: Pick<Bus, 'flush'>
  readonly #groups: Pick<GroupStore, 'memberships'>
  readonly #logger: Logger
  readonly #listeners = new Map<UserId, MembershipListener>()
  readonly #stop = new AbortController()
  #wanted = 0
  #reading = false

  constructor(bus: Pick<Bus, 'onState' | 'flush'>, groups: Pick<GroupStore, 'memberships'>, logger: Logger) {
    this.#bus = bus
    this.#groups = groups
    this.#logger = logger
    bus.onState(state => {
      if (state === 'connected') void this.#refresh()
    })
  }

  /** Answers how to end it. Of an ended activation's user the next one may be watched already. */
  watch(user: UserId, listener: MembershipListener): () => void {
    this.#listeners.set(user, listener)
    return () => {
      if (this.#listeners.get(user) === listener) this.#listeners.delete(user)
    }
  }

  close(): void {
    this.#stop.abort(new Error('closing'))
  }

  async #refresh(): Promise<void> {
    this.#wanted++
    if (this.#reading) return
    this.#reading = true
    for (let failures = 0, done = 0; done < this.#wanted && !this.#stop.signal.aborted; ) {
      const wanted = this.#wanted
      try {
        await this.#readAll()
        done = wanted
        failures = 0
      } catch (error) {
        this.#logger.warn({ err: error }, 'memberships could not be read; trying again')
        await delay(fullJitter(failures++, RETRY_BASE_MS, RETRY_CAP_MS), this.#stop.signal).catch(() => {})
      }
    }
    this.#reading = false
  }

  /** What is told before the subscriptions are in force again has been saved by then. */
  async #readAll(): Promise<void> {
    await this.#bus.flush()
    const byUser = new Map<UserId, UserMembership[]>()
    for (const membership of await this.#groups.memberships([...this.#listeners.keys()])) {
      const some = byUser.get(membership.user)
      if (some) some.push(membership)
      else byUser.set(membership.user, [membership])
    }
    for (const [user, memberships] of byUser) this.#listeners.get(user)?.(memberships)
  }
}
