import type { AuditTrail } from '../../messaging/audit-trail.ts'
import type { Bus } from '../../messaging/bus.ts'
import type { MessageLog } from '../../messaging/message-log.ts'
import type { ActorRuntime } from '../../runtime/actor-runtime.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Store } from '../../storage/store.ts'
import type { CursorWriter } from '../cursor-writer.ts'
import type { FeedReader } from '../feed-reader.ts'
import type { GatewayWatch } from '../gateway-watch.ts'
import type { Kicks } from '../kicks.ts'
import type { MembershipWatch } from '../membership-watch.ts'
import type { PresenceWatch } from '../presence-watch.ts'
import type { Pushes } from '../pushes.ts'
import type { RouteConfirmations } from '../route-confirmations.ts'
import type { RouteRules } from './route.ts'

export interface PresenceRules {
  readonly watch: PresenceWatch
  readonly graceMs: number
  readonly intervalMs: number
  /** Users who are told at most. */
  readonly maxPartners: number
}

/** What a process gives all its user actors. */
export interface UserActorParts {
  readonly hostId: string
  readonly log: MessageLog
  readonly store: Store
  readonly bus: Bus
  /** Calls other actors. */
  readonly calls: ActorRuntime
  readonly reader: FeedReader
  readonly cursors: CursorWriter
  readonly pushes: Pushes
  readonly kicks: Kicks
  readonly gateways: GatewayWatch
  readonly memberships: MembershipWatch
  readonly audit: AuditTrail
  readonly routes: RouteConfirmations
  readonly logger: Logger
  readonly route: RouteRules
  readonly presence: PresenceRules
  readonly windowSize: number
}
