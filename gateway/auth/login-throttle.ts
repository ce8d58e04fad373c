import type { TokenBucket } from 'limiter'
import type { Account } from '../../storage/store.ts'
import { fullBucket } from '../connection/rates.ts'
import { addressKey, remembered } from '../sockets/addresses.ts'

/** Failures of an account before a further try has to wait. */
export const FREE_FAILURES = 5
/** Longest wait between two tries of an account, s. It doubles from 1 s at the fifth failure. */
export const MAX_WAIT_SECONDS = 60

/** Failures that one address has at once, over all accounts; one comes back every ADDRESS_REFILL_MS. */
export const ADDRESS_FAILURES = 60
export const ADDRESS_REFILL_MS = 1000
/** Addresses remembered; the one that failed longest ago is forgotten for a new one. */
export const MAX_ADDRESSES = 10_000

/**
 * Slows guessing down: an account's failures are counted in its row, so all gateways know them; an address's
 * in this process's memory, against one password tried on many accounts.
 */
export class LoginThrottle {
  readonly #addresses = new Map<string, TokenBucket>()

  /** ms that a login to this account from this address has to wait; 0 when it may be tried now. */
  waitMs(account: Account | undefined, address: string, now: number): number {
    const bucket = this.#addresses.get(addressKey(address))
    return Math.max(account ? accountWaitMs(account, now) : 0, bucket?.getWaitTime(1) ?? 0)
  }

  /** Remembers a failed login of this address. */
  failed(address: string): void {
    const make = () => fullBucket(1000 / ADDRESS_REFILL_MS, ADDRESS_FAILURES)
    remembered(this.#addresses, addressKey(address), MAX_ADDRESSES, make).tryRemoveTokens(1)
  }
}

/** min(2^(n−5), 60) s after the last of n ≥ 5 failures. */
function accountWaitMs({ failedLogins, lastFailureAt }: Account, now: number): number {
  if (failedLogins < FREE_FAILURES) return 0
  const seconds = Math.min(2 ** (failedLogins - FREE_FAILURES), MAX_WAIT_SECONDS)
  return Math.max(0, lastFailureAt + seconds * 1000 - now)
}
