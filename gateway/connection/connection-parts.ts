import type { UserContract } from '../../actors/user/contract.ts'
import type { Actors } from '../../runtime/actor-runtime.ts'
import type { Limit } from '../../runtime/limit.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Settings } from '../../runtime/settings.ts'
import type { Tokens } from '../auth/tokens.ts'
import type { GatewayMetrics } from '../metrics.ts'
import type { HeldPushes } from './held-pushes.ts'
import type { HostLines } from './host-lines.ts'
import type { SavedAcks } from './saved-acks.ts'
import type { UserRates } from './user-rates.ts'

/** What a gateway gives all its connections. */
export interface ConnectionParts {
  readonly gatewayId: string
  readonly users: Actors<UserContract>
  readonly tokens: Tokens
  readonly heldPushes: HeldPushes
  readonly savedAcks: SavedAcks
  readonly userRates: UserRates
  readonly metrics: GatewayMetrics
  readonly settings: Settings
  readonly logger: Logger
  readonly touches: Limit
  readonly hostLines: HostLines
  /** Called once, when the connection's socket is closed. */
  readonly closed: () => void
}
