import type { Server as HttpServer } from 'node:http'
import type { Bus } from '../../messaging/bus.ts'
import { subjects } from '../../messaging/subjects.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Settings } from '../../runtime/settings.ts'
import type { SessionStore } from '../../storage/store.ts'
import type { TopicEvent, TopicStore } from '../../storage/topics/topic-store.ts'
import type { Sessions } from '../auth/sessions.ts'
import { Rates } from '../connection/rates.ts'
import type { GatewayMetrics } from '../metrics.ts'
import type { ListServer, ListSocket } from './list-socket.ts'
import { readRequest } from './request.ts'
import { OutboxRetention } from './retention.ts'
import { SessionWatch } from './session-watch.ts'
import { createListServer } from './socket-io.ts'
import type { SyncNotice } from './topic-feed.ts'
import { TopicRoom } from './topic-room.ts'

/** How long a lost broadcast goes unnoticed at most, ms. */
const CHECK_MS = 2000
/** A client that reads so slowly that so many packets wait for it comes again instead. */
const MAX_WAITING_PACKETS = 5000

export interface ListSyncParts {
  readonly topics: Pick<TopicStore, 'outbox' | 'sources'>
  readonly sessions: Sessions
  readonly versions: SessionStore
  readonly bus: Bus
  readonly metrics: Pick<GatewayMetrics, 'connections'>
  readonly settings: Settings
  readonly logger: Logger
  /** Between two looks for broadcasts that were lost, ms. */
  readonly checkMs?: number
}

/**
 * Keeps clients' lists fresh over Socket.IO, one room a topic. These connections neither bind nor count as a user's.
 * Whatever keeps a connection from its promise ends it: the client comes back and says what it has.
 */
export class ListSync {
  readonly #parts: ListSyncParts
  readonly #io: ListServer
  readonly #rooms: readonly TopicRoom[]
  readonly #watch: SessionWatch
  readonly #retention: OutboxRetention
  readonly #timer: NodeJS.Timeout
  #draining = false

  constructor(server: HttpServer, parts: ListSyncParts) {
    const { topics, bus, settings, versions, logger, checkMs = CHECK_MS } = parts
    this.#parts = parts
    this.#io = createListServer(server, settings, () => this.#draining)
    this.#rooms = topics.sources.map(source => new TopicRoom(this.#io, source, topics.outbox, bus, logger))
    this.#watch = new SessionWatch(this.#io, versions, logger)
    this.#retention = new OutboxRetention(topics, logger)
    topics.outbox.onCommitted((topic, events) => this.#broadcast(topic, events))
    this.#io.use((socket, next) => void this.#admit(socket, next))
    this.#io.on('connection', socket => this.#accept(socket))
    bus.onState(state => {
      if (state === 'connected') this.#check()
    })
    this.#timer = setInterval(() => this.#check(), checkMs).unref()
  }

  /** Takes no more connections and closes those there are, as any lost connection: the clients come back. */
  async drain(): Promise<void> {
    this.#draining = true
    clearInterval(this.#timer)
    this.#watch.close()
    this.#io.engine.close()
    await Promise.all(this.#rooms.map(room => room.close()))
    await this.#retention.close()
  }

  async #admit(socket: ListSocket, next: (refusal?: Error) => void): Promise<void> {
    const { token } = socket.handshake.auth
    try {
      const authenticated = await this.#parts.sessions.authenticate(
        typeof token === 'string' ? token : undefined,
      )
      if (!authenticated.ok) return next(new Error(authenticated.reason))
      socket.data.session = authenticated.session
      next()
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'a list connection cannot be authenticated')
      // A connect_error would be final for the client.
      socket.conn.close(true)
    }
  }

  #accept(socket: ListSocket): void {
    const { metrics, settings } = this.#parts
    const rates = new Rates(settings)
    metrics.connections.list.inc()
    socket.on('disconnect', () => metrics.connections.list.dec())
    limitBacklog(socket)
    socket.use((_packet, next) => {
      if (rates.frame()) next()
      else socket.conn.close(true)
    })
    for (const room of this.#rooms) {
      socket.on(`request:${room.topic}`, (...args) => void this.#answer(room, socket, args))
    }
    socket.emit('connected', { ok: true })
  }

  async #answer(room: TopicRoom, socket: ListSocket, args: readonly unknown[]): Promise<void> {
    const { lastEventId, acknowledge } = readRequest(args)
    try {
      const position = await room.request(socket, lastEventId)
      acknowledge?.({ lastEventId: position })
    } catch (error) {
      const { topic } = room
      this.#parts.logger.warn({ err: error, topic, socket: socket.id }, 'a list request was not answered')
      socket.conn.close(true)
    }
  }

  /** What is committed stays committed: whoever misses the broadcast reads it from the table. */
  #broadcast(topic: string, events: readonly TopicEvent[]): void {
    const notice: SyncNotice = { events }
    try {
      this.#parts.bus.publish(subjects.sync(topic), notice)
    } catch (error) {
      this.#parts.logger.warn({ err: error, topic }, 'a change was not broadcast')
    }
  }

  #check(): void {
    for (const room of this.#rooms) room.check()
  }
}

/** Counts what Engine.IO has not handed to the transport yet, by its events. */
function limitBacklog({ conn }: ListSocket): void {
  let waiting = 0
  conn.on('flush', () => {
    waiting = 0
  })
  conn.on('packetCreate', () => {
    waiting++
    if (waiting === MAX_WAITING_PACKETS) setImmediate(() => conn.close(true))
  })
}
