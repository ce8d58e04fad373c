import { type Bus, NoResponders } from '../../messaging/bus.ts'
import { subjects } from '../../messaging/subjects.ts'
import type { Watermark } from '../../messaging/watermark.ts'
import type { GroupId, UserId } from '../../protocol/ids.ts'
import { delay, fullJitter } from '../../runtime/backoff.ts'
import type { Logger } from '../../runtime/logger.ts'

const ANSWER_MS = 1000
const RETRY_CAP_MS = 2000
const AT_ONCE = 64
/** A user whose host answers nothing for so long, in tries, is confirmed anew before its next turn anyway. */
const TRIES = 30

/** What a user's actor is told: by the entry `seq` the user is in the group, or out of it. */
export interface MembershipNotice {
  readonly kind: 'membership'
  readonly group: GroupId
  readonly seq: number
  readonly member: boolean
}

export interface Announcement {
  readonly notice: MembershipNotice
  readonly users: readonly UserId[]
}

/**
 * Tells active users' actors of saved changes. Those that are not active read the tables when they become so, which
 * is why nothing is told before it is saved.
 */
export class Announcements {
  readonly #bus: Bus
  readonly #watermark: Watermark
  readonly #logger: Logger
  readonly #waiting = new Map<number, Announcement>()
  readonly #telling = new Map<number, Promise<void>>()
  readonly #stop = new AbortController()

  constructor(bus: Bus, watermark: Watermark, logger: Logger) {
    this.#bus = bus
    this.#watermark = watermark
    this.#logger = logger
    watermark.listen({ advanced: position => this.#saved(position) })
  }

  /** Tells it once its entry is saved. */
  add(announcement: Announcement): void {
    const { seq } = announcement.notice
    if (announcement.users.length === 0 || this.#telling.has(seq)) return
    this.#waiting.set(seq, announcement)
    if (seq <= this.#watermark.position) void this.settle(seq)
  }

  /** The entry is saved: resolves when all have been told. Undefined when nothing of it is known here. */
  settle(seq: number): Promise<void> | undefined {
    const waiting = this.#waiting.get(seq)
    if (!waiting) return this.#telling.get(seq)
    this.#waiting.delete(seq)
    const telling = this.#tell(waiting).finally(() => this.#telling.delete(seq))
    this.#telling.set(seq, telling)
    return telling
  }

  close(): void {
    this.#stop.abort(new Error('closing'))
  }

  #saved(position: number): void {
    for (const seq of this.#waiting.keys()) if (seq <= position) void this.settle(seq)
  }

  async #tell({ notice, users }: Announcement): Promise<void> {
    const left = users.values()
    const tellNext = async () => {
      for (const user of left) await this.#tellOne(user, notice)
    }
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, users.length) }, tellNext))
  }

  async #tellOne(user: UserId, notice: MembershipNotice): Promise<void> {
    for (let attempt = 0; attempt < TRIES && !this.#stop.signal.aborted; attempt++) {
      try {
        await this.#bus.request(subjects.actorEvent('user', user), notice, ANSWER_MS)
        return
      } catch (error) {
        if (error instanceof NoResponders) return
        await delay(fullJitter(attempt, 50, RETRY_CAP_MS), this.#stop.signal).catch(() => {})
      }
    }
    this.#logger.warn(
      { user, group: notice.group },
      'a user’s actor does not answer; it may not know its groups',
    )
  }
}
