import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FeedReader } from '../../actors/feed-reader.ts'
import { Announcements } from '../../actors/group/announcements.ts'
import type { GroupCommand, GroupContract } from '../../actors/group/contract.ts'
import { GroupActor } from '../../actors/group/group-actor.ts'
import { MemoryBus } from '../../messaging/memory-bus.ts'
import type { MessageLog } from '../../messaging/message-log.ts'
import { Watermark } from '../../messaging/watermark.ts'
import type { GroupId } from '../../protocol/ids.ts'
import { Actors } from '../../runtime/actor-runtime.ts'
import { InProcessActorRuntime } from '../../runtime/in-process-actor-runtime.ts'
import { makeLogger } from '../../runtime/logger.ts'
import { SqlLog } from '../../storage/sql-log.ts'
import { SqlStore } from '../../storage/sql-store.ts'
import type { Store } from '../../storage/store.ts'

/** Groups' actors on a standalone server's log and store, in a temporary directory. */
export class GroupActors {
  readonly store: SqlStore
  readonly log: SqlLog
  readonly bus: MemoryBus
  readonly #directory: string
  #runtimes: InProcessActorRuntime[] = []

  private constructor(directory: string, store: SqlStore) {
    this.#directory = directory
    this.store = store
    this.bus = new MemoryBus()
    this.log = new SqlLog(join(directory, 'homing.db'), this.bus, makeLogger('silent', 'test'))
  }

  static async start(): Promise<GroupActors> {
    const directory = await mkdtemp(join(tmpdir(), 'homing-groups-'))
    const store = await SqlStore.sqlite(join(directory, 'homing.db'))
    await store.migrate()
    return new GroupActors(directory, store)
  }

  /** Actors of a process of their own: those of an earlier call are superseded when they are claimed again. */
  async process(): Promise<Actors<GroupContract>> {
    for (const runtime of this.#runtimes.splice(0)) await runtime.close()
    return this.another()
  }

  /** Actors of one more process, while those of earlier ones go on. */
  another({
    log = this.log,
    store = this.store,
  }: {
    log?: MessageLog
    store?: Store
  } = {}): Actors<GroupContract> {
    const logger = makeLogger('silent', 'test')
    const runtime = new InProcessActorRuntime({ hostId: 'test', idleMs: 60_000, logger })
    const announcements = new Announcements(this.bus, new Watermark(this.bus), logger)
    const parts = { log, store, reader: new FeedReader(store.messages, log), announcements }
    runtime.register('group', context => new GroupActor(context, parts))
    this.#runtimes.push(runtime)
    return new Actors<GroupContract>(runtime, 'group')
  }

  async stop(): Promise<void> {
    for (const runtime of this.#runtimes) await runtime.close()
    await this.log.close()
    await this.store.close()
    await rm(this.#directory, { recursive: true })
  }
}

/** Alice, who makes groups, changes them and speaks in them; each call is a new one. */
export class Alice {
  readonly #groups: Actors<GroupContract>
  #calls = 0

  constructor(groups: Actors<GroupContract>) {
    this.#groups = groups
  }

  /** Answers the change's seq; rejects when it is refused. */
  async change(group: GroupId, command: GroupCommand): Promise<number> {
    const request = { by: 'alice', opId: `${++this.#calls}`, command }
    const result = await this.#groups.call(group, 'change', request)
    if (!result.ok) throw new Error(result.reason)
    return result.seq
  }

  async say(group: GroupId, body: string, clientMsgId = `${++this.#calls}`): Promise<void> {
    await this.#groups.call(group, 'send', {
      from: 'alice',
      messages: [{ clientMsgId, body, msgType: 'TEXT' }],
    })
  }
}
