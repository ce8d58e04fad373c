import { type Appended, type Fence, LogUnavailable, type MessageLog } from '../../messaging/message-log.ts'
import { dedupeIdOf, type Entry } from '../../protocol/entries.ts'
import { type GroupId, groupFeed, groupOwner } from '../../protocol/ids.ts'

/**
 * Appends to one group's feed, one entry after the other: whether a message takes the next ordinal is known only when
 * the log has said that it is no repeat.
 */
export class Sequencer {
  readonly #group: GroupId
  readonly #log: MessageLog
  readonly #token: string
  /** Called when it is not known what the log holds: only a new activation can find out. */
  readonly #lost: () => void
  #epoch = 0

  constructor(group: GroupId, log: MessageLog, token: string, lost: () => void) {
    this.#group = group
    this.#log = log
    this.#token = token
    this.#lost = lost
  }

  async claim(): Promise<void> {
    const owner = groupOwner(this.#group)
    const last = await this.#log.lastClaim(owner)
    this.#epoch = await this.#log.claim(owner, { token: this.#token, body: null }, last?.epoch ?? 0)
  }

  isLast(): Promise<boolean> {
    return this.#log.isHeld(groupOwner(this.#group), this.#token)
  }

  /** Throws Superseded, LogBusy or LogUnavailable. */
  async append(entry: Entry): Promise<Appended> {
    const fence: Fence = { owner: groupOwner(this.#group), epoch: this.#epoch }
    const feed = groupFeed(this.#group)
    try {
      const [appended] = await this.#log.append(fence, [{ feed, dedupeId: dedupeIdOf(entry), entry }])
      if (!appended) throw new LogUnavailable(`no answer for an entry of ${feed}`)
      return appended
    } catch (error) {
      if (error instanceof LogUnavailable) this.#lost()
      throw error
    }
  }
}
