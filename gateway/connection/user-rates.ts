import type { TokenBucket } from 'limiter'
import type { UserId } from '../../protocol/ids.ts'
import type { Settings } from '../../runtime/settings.ts'
import { remembered } from '../sockets/addresses.ts'
import { fullBucket } from './rates.ts'

/** Users who are remembered; the one that has not connected for longest is forgotten for a new one. */
const MAX_USERS = 10_000

type UserRateSettings = Pick<Settings, 'USER_RATE_FACTOR' | 'MESSAGES_PER_SECOND' | 'MESSAGES_BURST'>

/** What all connections of a user on this gateway may send together: a new connection is no new burst for ever. */
export class UserRates {
  readonly #settings: UserRateSettings
  readonly #buckets = new Map<UserId, TokenBucket>()

  constructor(settings: UserRateSettings) {
    this.#settings = settings
  }

  messagesOf(user: UserId): TokenBucket {
    const { USER_RATE_FACTOR: factor, MESSAGES_PER_SECOND, MESSAGES_BURST } = this.#settings
    return remembered(this.#buckets, user, MAX_USERS, () =>
      fullBucket(factor * MESSAGES_PER_SECOND, factor * MESSAGES_BURST),
    )
  }
}
