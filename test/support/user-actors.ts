import { CursorWriter } from '../../actors/cursor-writer.ts'
import { FeedReader } from '../../actors/feed-reader.ts'
import { GatewayWatch, type HoldsRequest } from '../../actors/gateway-watch.ts'
import { type KickRequest, Kicks } from '../../actors/kicks.ts'
import { MembershipWatch } from '../../actors/membership-watch.ts'
import { PresenceWatch } from '../../actors/presence-watch.ts'
import { type Push, Pushes } from '../../actors/pushes.ts'
import { type AttachRequest, RouteConfirmations } from '../../actors/route-confirmations.ts'
import { UserActor } from '../../actors/user/user-actor.ts'
import type { Bus } from '../../messaging/bus.ts'
import type { MessageLog } from '../../messaging/message-log.ts'
import { subjects } from '../../messaging/subjects.ts'
import type { PushEvent } from '../../protocol/events.ts'
import type { UserId } from '../../protocol/ids.ts'
import { makeLogger } from '../../runtime/logger.ts'
import type { Store } from '../../storage/store.ts'

/** A gateway that holds every connection it is asked for. */
export const GATEWAY = 'gateway-1'
/** Another one, of which nobody hears what it is told. */
export const OTHER_GATEWAY = 'gateway-2'

/** Users' actors one by one, without a runtime, and what their gateway is told. */
export class UserActors {
  readonly pushed: PushEvent[] = []
  /** The connIds of those that were kicked. */
  readonly kicked: string[] = []
  /** The connIds of those that have been closed. */
  readonly closed = new Set<string>()
  readonly #parts
  readonly #close: () => Promise<void>

  constructor({ log, store, bus }: { readonly log: MessageLog; readonly store: Store; readonly bus: Bus }) {
    const logger = makeLogger('silent', 'test')
    bus.subscribe(subjects.push(GATEWAY), ({ value }) => {
      for (const { event } of value as readonly Push[])
        if (event.kind !== 'presence-only') this.pushed.push(event)
    })
    bus.subscribe(subjects.attach(GATEWAY), ({ value, respond }) =>
      respond?.({ present: (value as AttachRequest).connections.map(({ connId }) => connId) }),
    )
    for (const gatewayId of [GATEWAY, OTHER_GATEWAY])
      bus.subscribe(subjects.holds(gatewayId), ({ value, respond }) =>
        respond?.({ held: !this.closed.has((value as HoldsRequest).connId) }),
      )
    bus.subscribe(subjects.kick(GATEWAY), ({ value, respond }) => {
      this.kicked.push((value as KickRequest).connId)
      respond?.({})
    })
    const watch = new PresenceWatch(bus, { checkMs: 30_000, graceMs: 5000 })
    const cursors = new CursorWriter(store.users, 60_000, logger)
    const [kicks, gateways] = [new Kicks(bus, logger), new GatewayWatch(bus, 'host-1', logger)]
    const [memberships, routes] = [
      new MembershipWatch(bus, store.groups, logger),
      new RouteConfirmations(bus),
    ]
    this.#parts = {
      hostId: 'host-1',
      log,
      store,
      bus,
      calls: { call: () => Promise.reject(new Error('no other actors')) },
      reader: new FeedReader(store.messages, log),
      cursors,
      pushes: new Pushes(bus),
      kicks,
      gateways,
      memberships,
      audit: { record: () => undefined },
      routes,
      logger,
      route: { policy: { keep: 'newest' as const, count: 1 }, maxDevices: 10 },
      windowSize: 10,
      presence: { watch, graceMs: 5000, intervalMs: 1000, maxPartners: 10 },
    }
    this.#close = async () => {
      kicks.close()
      memberships.close()
      routes.close()
      watch.close()
      await gateways.close()
      await cursors.close()
    }
  }

  /** One more activation of the user's actor; it drops itself when told to. */
  async activate(user: UserId): Promise<UserActor> {
    const actor: UserActor = new UserActor(
      { id: user, drop: reason => void actor.deactivate(reason) },
      this.#parts,
    )
    await actor.activate()
    return actor
  }

  close(): Promise<void> {
    return this.#close()
  }
}
