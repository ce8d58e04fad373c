import type { Bus } from '../../messaging/bus.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Outbox, Snapshot, TopicEvent, TopicSource } from '../../storage/topics/topic-store.ts'
import { KeyedTurns } from '../auth/keyed-turns.ts'
import type { InitialList, ListServer, ListSocket, ListUpdate } from './list-socket.ts'
import { Rounds } from './rounds.ts'
import { TopicFeed } from './topic-feed.ts'

/**
 * A topic's subscribers on one gateway. A socket is in the room exactly while it has everything up to the feed's
 * position: it enters in the same tick in which it is sent what it had missed, so that nothing comes twice, nothing
 * is left out and nothing overtakes.
 */
export class TopicRoom {
  readonly topic: string
  readonly #io: ListServer
  readonly #source: TopicSource
  readonly #feed: TopicFeed
  readonly #logger: Logger
  /** A socket's requests are answered one after another. */
  readonly #turns = new KeyedTurns()
  readonly #lists = new Rounds(() => this.#sendLists())
  #wantList = new Set<ListSocket>()

  constructor(io: ListServer, source: TopicSource, outbox: Outbox, bus: Bus, logger: Logger) {
    this.topic = source.topic
    this.#io = io
    this.#source = source
    this.#logger = logger
    const listener = {
      passed: (event: TopicEvent) => this.#send(this.topic, event),
      restarted: () => this.#startOver(),
    }
    this.#feed = new TopicFeed(this.topic, outbox, bus, listener, logger)
  }

  /**
   * Sends what came after `lastEventId`, or the whole list where that cannot be told or is too much, and everything
   * from then on. Resolves with the id that the socket is at. Rejects when the database cannot be read.
   */
  request(socket: ListSocket, lastEventId: number | undefined): Promise<number> {
    return this.#turns.run(socket.id, async () => {
      void socket.leave(this.topic)
      await this.#feed.catchUp()
      const missed = lastEventId === undefined ? undefined : this.#feed.since(lastEventId)
      if (missed) this.#bring([socket], missed)
      else await this.#list(socket)
      return this.#feed.position
    })
  }

  /** Reads what broadcasts may have failed to bring, if anybody is waiting for it. */
  check(): void {
    if (!this.#io.of('/').adapter.rooms.has(this.topic)) return
    this.#feed
      .catchUp()
      .catch(error => this.#logger.warn({ err: error, topic: this.topic }, 'a topic cannot be checked'))
  }

  close(): Promise<void> {
    return this.#feed.close()
  }

  async #list(socket: ListSocket): Promise<void> {
    this.#wantList.add(socket)
    await this.#lists.next()
  }

  /** One reading of the list for all that want it, and one encoding. */
  async #sendLists(): Promise<void> {
    const sockets = [...this.#wantList]
    this.#wantList = new Set()
    for (;;) {
      const snapshot = await this.#source.snapshot()
      // Others may know of later events than the feed: it goes at least as far before anybody enters.
      if (this.#feed.position < snapshot.lastEventId) await this.#feed.catchUp()
      const missed = this.#feed.since(snapshot.lastEventId)
      if (missed) return this.#bring(sockets, missed, snapshot)
    }
  }

  /** Everything in one tick. */
  #bring(sockets: readonly ListSocket[], missed: readonly TopicEvent[], snapshot?: Snapshot): void {
    const present = sockets.filter(({ connected }) => connected)
    if (present.length === 0) return
    const ids = present.map(({ id }) => id)
    if (snapshot) this.#io.to(ids).emit(`${this.topic}:initial`, initialList(snapshot))
    for (const event of missed) this.#send(ids, event)
    for (const socket of present) void socket.join(this.topic)
  }

  #send(to: string | string[], { id, type, data }: TopicEvent): void {
    const update: ListUpdate = { eventId: id, type, data }
    this.#io.to(to).emit(`${this.topic}:update`, update)
  }

  #startOver(): void {
    for (const id of [...(this.#io.of('/').adapter.rooms.get(this.topic) ?? [])]) {
      const socket = this.#io.of('/').sockets.get(id)
      if (!socket) continue
      void socket.leave(this.topic)
      this.#turns
        .run(id, () => this.#list(socket))
        .catch(error => {
          this.#logger.warn({ err: error, topic: this.topic, socket: id }, 'a list cannot be read')
          socket.conn.close(true)
        })
    }
  }
}

const initialList = ({ items, lastEventId }: Snapshot): InitialList => ({
  items,
  total: items.length,
  // Each change has an event, so the last one's id is the list's version.
  version: lastEventId,
  lastEventId,
})
