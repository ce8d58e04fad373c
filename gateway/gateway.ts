import type { GroupContract } from '../actors/group/contract.ts'
import type { UserContract } from '../actors/user/contract.ts'
import type { Bus } from '../messaging/bus.ts'
import type { Watermark } from '../messaging/watermark.ts'
import { type ActorRuntime, Actors } from '../runtime/actor-runtime.ts'
import { Limit } from '../runtime/limit.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Settings } from '../runtime/settings.ts'
import type { Store } from '../storage/store.ts'
import { Accounts, type Origin } from './auth/accounts.ts'
import { readJwtSecret } from './auth/jwt-secret.ts'
import { Sessions } from './auth/sessions.ts'
import { Tokens } from './auth/tokens.ts'
import { HeldPushes } from './connection/held-pushes.ts'
import { HostLines } from './connection/host-lines.ts'
import { SavedAcks } from './connection/saved-acks.ts'
import { UserRates } from './connection/user-rates.ts'
import { Connections } from './connections.ts'
import { DeadLetters } from './dead-letters.ts'
import { Groups } from './groups.ts'
import { HostWatch } from './host-watch.ts'
import { addAccountRoutes } from './http/accounts.ts'
import { addApiRoutes } from './http/api.ts'
import { addDocumentation } from './http/documentation.ts'
import type { ReadinessCheck } from './http/health.ts'
import { membershipIn } from './http/membership.ts'
import { createHttpGateway } from './http/server.ts'
import { addWebsiteRoutes } from './http/websites.ts'
import { jsonProtocol } from './json/json-protocol.ts'
import { ListSync } from './list-sync/list-sync.ts'
import { createGatewayMetrics } from './metrics.ts'
import { OnlineList } from './online-list.ts'
import { Reconciliation } from './reconciliation.ts'
import { Addresses } from './sockets/addresses.ts'
import { SocketServer } from './sockets/socket-server.ts'

/** A touch without an answer for so long waits for a host that is lost: others need not wait with it, ms. */
const SLOW_TOUCH_MS = 500

export interface GatewayParts {
  readonly gatewayId: string
  readonly runtime: ActorRuntime
  readonly bus: Bus
  readonly watermark: Watermark
  readonly store: Store
  readonly settings: Settings
  readonly logger: Logger
  readonly checks: readonly ReadinessCheck[]
}

export interface Gateway {
  readonly port: number
  /** Stops accepting, finishes what is under way, closes every connection (1012), then the HTTP server. */
  stop(): Promise<void>
}

/** Starts the HTTP and WebSocket side of a process on HOST:PORT. */
export async function startGateway(parts: GatewayParts): Promise<Gateway> {
  const { gatewayId, runtime, bus, watermark, store, settings, logger } = parts
  const tokens = await Tokens.create(settings, await readJwtSecret(settings, logger))
  const users = new Actors<UserContract>(runtime, 'user')
  const groups = new Actors<GroupContract>(runtime, 'group')
  const metrics = createGatewayMetrics()
  const http = createHttpGateway({
    logger,
    allowedOrigins: settings.ALLOWED_ORIGINS,
    trustedProxies: settings.TRUSTED_PROXIES,
    registry: metrics.registry,
    checks: parts.checks,
  })
  addDocumentation(http.app)
  const sessions = new Sessions(tokens, store.users)
  const raiseSession = async (user: string, sv: number, origin: Origin) => {
    await users.call(user, 'sessionRaised', { sv, origin: { ...origin, gatewayId } })
  }
  const accounts = new Accounts({
    settings,
    tokens,
    accounts: store.accounts,
    users: store.users,
    raiseSession,
  })
  addAccountRoutes(http.app, { accounts, sessions })
  addApiRoutes(http.app, {
    sessions,
    messages: store.messages,
    membership: membershipIn(store.groups),
    groups: new Groups({ groups, users, store: store.groups, watermark }),
    groupStore: store.groups,
    accounts: store.accounts,
    unread: user => users.call(user, 'unread', null),
    summary: user => users.call(user, 'offlineSummary', null),
    offline: (user, conversation, limit) => users.call(user, 'offlineMessages', { conversation, limit }),
    acknowledge: (user, acknowledgement) => users.call(user, 'acknowledgeRead', acknowledgement),
    presence: (user, asked) => users.call(user, 'presence', { users: asked }),
    customerSessions: store.customerSessions,
    online: store.online,
    audit: store.audit,
    deadLetters: new DeadLetters({ gatewayId, users, store: store.deadLetters }),
  })
  addWebsiteRoutes(http.app, { sessions, websites: store.topics.websites })

  const connections = new Connections(gatewayId, bus)
  const savedAcks = new SavedAcks(watermark)
  metrics.watchQueue('awaiting_save', () => savedAcks.waiting)
  metrics.watchQueue('operations', () => connections.queuedOps)
  const json = jsonProtocol({
    maxBodyCharacters: settings.MAX_BODY_CHARACTERS,
    outstanding: settings.OUTSTANDING_MESSAGES,
  })
  const online = new OnlineList(gatewayId, store.online, logger)
  const sockets = new SocketServer(http.server, {
    gatewayId,
    addresses: new Addresses(settings),
    userRates: new UserRates(settings),
    users,
    tokens,
    touches: new Limit({
      atOnce: settings.TOUCHES_AT_ONCE,
      slowMs: SLOW_TOUCH_MS,
      most: settings.TOUCHES_AT_ONCE * 4,
    }),
    hostLines: new HostLines(settings.CALLS_A_HOST),
    heldPushes: new HeldPushes(watermark),
    savedAcks,
    metrics,
    settings,
    logger,
    connections,
    online,
    json,
  })
  const lists = new ListSync(http.server, {
    topics: store.topics,
    sessions,
    versions: store.sessions,
    bus,
    metrics,
    settings,
    logger,
  })
  const hosts = new HostWatch(bus, connections, logger)
  const reconciliation = new Reconciliation(gatewayId, bus, connections, logger)
  return {
    port: await http.listen(settings.HOST, settings.PORT),
    stop: async () => {
      http.drain()
      hosts.close()
      reconciliation.close()
      await lists.drain()
      await sockets.drain()
      await http.close()
      await connections.close()
      await online.close()
    },
  }
}
