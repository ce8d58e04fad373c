import type { Op } from '../../actors/user/contract.ts'
import { CloseCode } from '../../protocol/close-codes.ts'
import type { Consequence } from '../../protocol/errors.ts'
import { type RateSettings, Rates } from './rates.ts'
import { Strikes } from './strikes.ts'

const STRIKE_WINDOW_MS = 10_000
/** Refusals for pace in the window at which a connection is closed. */
const PACE_STRIKES = 3
/** Frames nobody can read in the window at which a connection is closed. */
const PROTOCOL_STRIKES = 4

/** What costs others something is paced as messages are. */
export const isPaced = ({ op }: Op): boolean => op !== 'delivered' && op !== 'read'

/** What a connection may send, and when what it did wrong is enough to close it. */
export class Conduct {
  readonly rates: Rates
  readonly #pace = new Strikes(PACE_STRIKES, STRIKE_WINDOW_MS)
  readonly #protocol = new Strikes(PROTOCOL_STRIKES, STRIKE_WINDOW_MS)

  constructor(settings: RateSettings) {
    this.rates = new Rates(settings)
  }

  /** Notes a refusal. Answers the code to close with, if that follows from it. */
  refused(then: Consequence): CloseCode | undefined {
    switch (then) {
      case 'keep':
        return undefined
      case 'pace':
        return this.#pace.add(Date.now()) ? CloseCode.tooManyRequests : undefined
      case 'count':
        return this.#protocol.add(Date.now()) ? CloseCode.protocolError : undefined
      default:
        return then
    }
  }
}
