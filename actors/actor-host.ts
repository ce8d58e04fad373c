import type { AuditTrail } from '../messaging/audit-trail.ts'
import type { Bus } from '../messaging/bus.ts'
import type { MessageLog } from '../messaging/message-log.ts'
import { subjects } from '../messaging/subjects.ts'
import type { Watermark } from '../messaging/watermark.ts'
import type { ActorHosting, ActorRuntime } from '../runtime/actor-runtime.ts'
import { serverPolicy } from '../runtime/device-policies.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Settings } from '../runtime/settings.ts'
import type { Store } from '../storage/store.ts'
import { CursorWriter } from './cursor-writer.ts'
import { FeedReader } from './feed-reader.ts'
import { GatewayWatch } from './gateway-watch.ts'
import { Announcements } from './group/announcements.ts'
import { GroupActor } from './group/group-actor.ts'
import { Kicks } from './kicks.ts'
import { MembershipWatch } from './membership-watch.ts'
import { PresenceWatch } from './presence-watch.ts'
import { Pushes } from './pushes.ts'
import { RouteConfirmations } from './route-confirmations.ts'
import { UserActor } from './user/user-actor.ts'

export interface ActorHostParts {
  readonly runtime: ActorHosting
  /** Calls actors, wherever they are. */
  readonly calls: ActorRuntime
  readonly bus: Bus
  readonly log: MessageLog
  readonly watermark: Watermark
  readonly store: Store
  readonly audit: AuditTrail
  readonly settings: Settings
  readonly logger: Logger
}

/** Makes this process host the actors. Answers how to stop what they share, once the runtime has closed. */
export function hostActors({
  runtime,
  calls,
  bus,
  log,
  watermark,
  store,
  audit,
  settings,
  logger,
}: ActorHostParts): () => Promise<void> {
  const cursors = new CursorWriter(store.users, settings.CURSOR_FLUSH_MS, logger)
  const kicks = new Kicks(bus, logger)
  const gateways = new GatewayWatch(bus, runtime.hostId, logger)
  const memberships = new MembershipWatch(bus, store.groups, logger)
  const routes = new RouteConfirmations(bus)
  const announcements = new Announcements(bus, watermark, logger)
  const reader = new FeedReader(store.messages, log)
  const presence = {
    watch: new PresenceWatch(bus, {
      checkMs: settings.PRESENCE_CHECK_MS,
      graceMs: settings.PRESENCE_GRACE_MS,
    }),
    graceMs: settings.PRESENCE_GRACE_MS,
    intervalMs: settings.PRESENCE_INTERVAL_MS,
    maxPartners: settings.PRESENCE_PARTNERS,
  }
  const parts = {
    hostId: runtime.hostId,
    calls,
    bus,
    log,
    store,
    audit,
    logger,
    cursors,
    kicks,
    gateways,
    memberships,
    routes,
    reader,
    pushes: new Pushes(bus),
    route: { policy: serverPolicy(settings), maxDevices: settings.MAX_DEVICES_PER_USER },
    windowSize: settings.IDEMPOTENCY_WINDOW,
    presence,
  }
  runtime.register('user', context => new UserActor(context, parts))
  runtime.register('group', context => new GroupActor(context, { log, store, reader, announcements }))
  bus.subscribe(subjects.hostAlive(runtime.hostId), ({ respond }) => respond?.({}))
  return async () => {
    kicks.close()
    routes.close()
    announcements.close()
    memberships.close()
    presence.watch.close()
    await gateways.close()
    await cursors.close()
  }
}
