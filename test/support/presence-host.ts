import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CursorWriter } from '../../actors/cursor-writer.ts'
import { FeedReader } from '../../actors/feed-reader.ts'
import { GatewayWatch } from '../../actors/gateway-watch.ts'
import { Kicks } from '../../actors/kicks.ts'
import { MembershipWatch } from '../../actors/membership-watch.ts'
import { type PresenceAnswer, PresenceWatch } from '../../actors/presence-watch.ts'
import { type Push, Pushes } from '../../actors/pushes.ts'
import {
  type AttachAnswer,
  type AttachRequest,
  RouteConfirmations,
} from '../../actors/route-confirmations.ts'
import type { PresenceNews } from '../../actors/user/presence/known-presence.ts'
import { UserActor } from '../../actors/user/user-actor.ts'
import { HeldPushes } from '../../gateway/connection/held-pushes.ts'
import { PushInbox } from '../../gateway/connection/push-inbox.ts'
import { MemoryBus } from '../../messaging/memory-bus.ts'
import { subjects } from '../../messaging/subjects.ts'
import { Watermark } from '../../messaging/watermark.ts'
import type { PresenceStatus } from '../../protocol/presence.ts'
import { makeLogger } from '../../runtime/logger.ts'
import { SqlLog } from '../../storage/sql-log.ts'
import { SqlStore } from '../../storage/sql-store.ts'

const GATEWAY = 'gateway-1'
const logger = makeLogger('silent', 'test')

export interface PresenceTimes {
  readonly graceMs: number
  readonly checkMs: number
}

/** User actors on a store and log of their own, and a gateway that keeps what its clients are told of presence. */
export class PresenceHost {
  readonly store: SqlStore
  readonly log: SqlLog
  readonly #directory: string
  readonly #bus: MemoryBus
  readonly #watch: PresenceWatch
  readonly #gateways: GatewayWatch
  readonly #cursors: CursorWriter
  readonly #times: PresenceTimes
  readonly #inboxes = new Map<string, PushInbox>()
  readonly #heard = new Map<string, [user: string, status: PresenceStatus][]>()
  /** Whose clients were to be corrected of whom. */
  readonly corrected: [user: string, of: string, status: PresenceStatus][] = []
  /** What the gateway remembers of its clients. */
  readonly said = new Map<string, PresenceStatus>()

  private constructor(directory: string, store: SqlStore, times: PresenceTimes) {
    this.#directory = directory
    this.#times = times
    this.store = store
    this.#bus = new MemoryBus()
    this.log = new SqlLog(join(directory, 'homing.db'), this.#bus, logger)
    this.#watch = new PresenceWatch(this.#bus, times)
    this.#gateways = new GatewayWatch(this.#bus, 'host-1', logger)
    this.#cursors = new CursorWriter(store.users, 60_000, logger)
    this.#bus.subscribe(subjects.gatewayAlive(GATEWAY), ({ respond }) => respond?.({}))
    this.#bus.subscribe(subjects.push(GATEWAY), ({ value }) => {
      for (const { to, event } of value as readonly Push[])
        for (const [connId, epoch, n] of to) {
          if ('corrects' in event) this.corrected.push([connId, event.user, event.status])
          this.#inboxes.get(connId)?.take(epoch, n, event)
        }
    })
    this.#bus.subscribe(subjects.holds(GATEWAY), ({ respond }) => respond?.({ held: true }))
    this.#bus.subscribe(subjects.attach(GATEWAY), ({ value, respond }) =>
      respond?.(this.#attach(value as AttachRequest)),
    )
  }

  static async start(times: PresenceTimes): Promise<PresenceHost> {
    const directory = mkdtempSync(join(tmpdir(), 'homing-presence-'))
    const store = await SqlStore.sqlite(join(directory, 'homing.db'))
    await store.migrate()
    return new PresenceHost(directory, store, times)
  }

  async activate(user: string): Promise<UserActor> {
    const parts = {
      hostId: 'host-1',
      log: this.log,
      store: this.store,
      bus: this.#bus,
      calls: { call: () => Promise.reject(new Error('no other actors')) },
      reader: new FeedReader(this.store.messages, this.log),
      cursors: this.#cursors,
      pushes: new Pushes(this.#bus),
      kicks: new Kicks(this.#bus, logger),
      gateways: this.#gateways,
      memberships: new MembershipWatch(this.#bus, this.store.groups, logger),
      audit: { record: () => undefined },
      routes: new RouteConfirmations(this.#bus),
      logger,
      route: { policy: { keep: 'newest' as const, count: 1 }, maxDevices: 10 },
      windowSize: 10,
      presence: { watch: this.#watch, graceMs: this.#times.graceMs, intervalMs: 0, maxPartners: 10 },
    }
    const actor = new UserActor({ id: user, drop: () => undefined }, parts)
    await actor.activate()
    return actor
  }

  /** Binds a connection that has the user's name. */
  async bind(actor: UserActor, user: string): Promise<void> {
    const heard: [string, PresenceStatus][] = []
    this.#heard.set(user, heard)
    const inbox = new PushInbox(new HeldPushes(new Watermark(this.#bus)), true, event => {
      if (event.kind === 'presence') heard.push([event.user, event.status])
    })
    this.#inboxes.set(user, inbox)
    await actor.invoke('bind', { connId: user, gatewayId: GATEWAY, sv: 0, device: 'd', outstanding: 200 })
  }

  /** The client is gone, and its actor hears of it. */
  unbind(actor: UserActor, user: string): unknown {
    this.#inboxes.delete(user)
    return actor.invoke('unbind', { connId: user, sv: 0, device: 'd' })
  }

  say(actor: UserActor, user: string, status: PresenceStatus): unknown {
    this.said.set(user, status)
    const ops = [{ op: 'presence', status }]
    return actor.invoke('handle', { connId: user, sv: 0, device: 'd', ops })
  }

  /** What the user's client has been told, in order. */
  heard(user: string): readonly (readonly [user: string, status: PresenceStatus])[] {
    return this.#heard.get(user) ?? []
  }

  /** Whoever is activated next begins to read the database (`reading`) and goes on after `read`. */
  holdReading(): { readonly reading: Promise<void>; readonly read: () => void } {
    const { users } = this.store
    const load = users.load.bind(users)
    const [begun, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    users.load = async user => {
      begun.resolve()
      await held.promise
      users.load = load
      return load(user)
    }
    return { reading: begun.promise, read: held.resolve }
  }

  /** As another's actor asks. */
  ask(user: string): Promise<PresenceAnswer> {
    return this.#watch.ask(user)
  }

  /** As another's actor tells. */
  tell(user: string, news: PresenceNews): void {
    this.#watch.tell(user, news)
  }

  /** Somebody elsewhere, who is away and answers once `released`. */
  elsewhere(user: string, released: Promise<unknown>): void {
    this.#bus.subscribe(subjects.actorEvent('user', user), ({ respond }) => {
      void released.then(() => respond?.({ user, status: 'away', ts: 1, epoch: 1, n: 1 }))
    })
  }

  async stop(): Promise<void> {
    this.#watch.close()
    await this.#gateways.close()
    await this.#cursors.close()
    await this.log.close()
    await this.store.close()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #attach({ connections }: AttachRequest): AttachAnswer {
    const present = connections.map(({ connId }) => connId).filter(connId => this.#inboxes.has(connId))
    return { present, presence: Object.fromEntries(this.said) }
  }
}
