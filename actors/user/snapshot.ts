import type { ActorState } from '../../runtime/actor-runtime.ts'

type RecentIds = readonly (readonly [clientMsgId: string, seq: number])[]

interface SnapshotBody {
  /** The last epoch of the activation that left it. */
  readonly epoch: number
  /** Newest first. */
  readonly recentIds: RecentIds
}

/**
 * What an idle activation leaves for the next one. It is believed only if nobody has claimed the user in between:
 * then nothing can have been sent since.
 */
export class Snapshot {
  readonly #state: ActorState | undefined

  constructor(state: ActorState | undefined) {
    this.#state = state
  }

  /** The sender's last ids, or undefined when they have to be read from the database. */
  async recentIds(previousEpoch: number): Promise<RecentIds | undefined> {
    // Nobody has been active before who could have left one.
    if (previousEpoch === 0) return undefined
    const body = (await this.#state?.load()) as Partial<SnapshotBody> | undefined
    return body?.epoch === previousEpoch && Array.isArray(body.recentIds) ? body.recentIds : undefined
  }

  async save(body: SnapshotBody): Promise<void> {
    await this.#state?.save(body)
  }
}
