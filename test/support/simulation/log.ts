import {
  type Appended,
  type Claim,
  type Fence,
  type LogEntry,
  type LogSubscription,
  LogUnavailable,
  type MessageLog,
  type NewClaim,
  type NewEntry,
} from '../../../messaging/message-log.ts'
import { type EntryHandler, NatsFeed } from '../../../messaging/nats-feed.ts'
import { stored } from '../../../messaging/nats-stream.ts'
import type { Feed, Owner } from '../../../protocol/ids.ts'
import { delay } from '../../../runtime/backoff.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import type { SimulatedBus } from './bus.ts'
import type { SimulatedStream } from './stream.ts'
import type { Channel } from './virtual-time.ts'

const CUT_OFF_MS = 4000
const COMPARE_MS = 5000
const logger = makeLogger('silent', 'test')

/** The log as one process has it: behind its link, with live copies that come late or never. */
export class SimulatedLog implements MessageLog {
  readonly savesOnAppend = false
  readonly #stream: SimulatedStream
  readonly #bus: SimulatedBus
  readonly #feeds = new Map<Feed, NatsFeed>()
  readonly #watchers = new Set<{ owner: Owner; token: string; onSuperseded: () => void }>()
  readonly #channel: Channel = { lastArrival: 0 }

  /** To be made by the process that it is for. */
  constructor(stream: SimulatedStream, bus: SimulatedBus) {
    this.#stream = stream
    this.#bus = bus
    stream.views.add(this)
    const compare = () => this.#compare().catch(() => undefined)
    setInterval(compare, COMPARE_MS)
    bus.onState(state => state === 'connected' && void compare())
  }

  lastClaim(owner: Owner): Promise<Claim | undefined> {
    return this.#ask(() => this.#stream.claims.get(owner))
  }

  async isHeld(owner: Owner, token: string): Promise<boolean> {
    return (await this.lastClaim(owner))?.token === token
  }

  claim(owner: Owner, claim: NewClaim, expected: number): Promise<number> {
    return this.#ask(() => this.#stream.claim(owner, claim, expected))
  }

  watchClaims(owner: Owner, token: string, onSuperseded: () => void): LogSubscription {
    const watcher = { owner, token, onSuperseded }
    this.#watchers.add(watcher)
    return { stop: () => this.#watchers.delete(watcher) }
  }

  append(fence: Fence, entries: readonly NewEntry[]): Promise<readonly Appended[]> {
    return this.#ask(() => this.#stream.append(fence, entries))
  }

  follow(name: Feed, handler: EntryHandler): LogSubscription {
    const page = async (_: string, from: number, target: number, limit: number) => {
      const entries = (await this.read(name, from - 1, limit)).filter(({ seq }) => seq <= target)
      return entries.map(({ seq, entry }) => ({ seq, subject: stored(name), payload: bytesOf(entry) }))
    }
    const feed = this.#feeds.get(name) ?? new NatsFeed(name, { page }, logger)
    this.#feeds.set(name, feed)
    const own: EntryHandler = entry => handler(entry)
    feed.add(own)
    return {
      stop: () => {
        if (feed.remove(own) && this.#feeds.get(name) === feed) this.#feeds.delete(name)
      },
    }
  }

  async flush(): Promise<void> {
    const starting = [...this.#feeds.values()].filter(feed => feed.starting)
    const end = await this.#ask(() => this.#stream.lastSeq)
    for (const feed of starting) feed.begin(end)
    await this.#compareClaims()
  }

  read(feed: Feed, after: number, limit: number): Promise<readonly LogEntry[]> {
    return this.#ask(() =>
      this.#stream
        .feed(feed)
        .filter(({ seq }) => seq > after)
        .slice(0, limit),
    )
  }

  entry(seq: number): Promise<LogEntry | undefined> {
    return this.#ask(() => this.#stream.entry(seq))
  }

  /** The stream sends a copy of an entry on. */
  copied({ seq, feed, entry }: LogEntry, previous: number): void {
    if (!this.#feeds.has(feed)) return
    this.#copy(() => this.#feeds.get(feed)?.receive(seq, previous, bytesOf(entry)))
  }

  claimed(owner: Owner, token: string): void {
    if ([...this.#watchers].some(watcher => watcher.owner === owner && watcher.token !== token))
      this.#copy(() => void this.#compareClaims().catch(() => undefined))
  }

  #copy(arrived: () => void): void {
    const { time, loss } = this.#stream
    if (this.#bus.state !== 'up' || time.chance(loss)) return
    time.arrive(this.#bus.process, () => this.#bus.state === 'up' && arrived(), this.#channel)
  }

  async #compare(): Promise<void> {
    const last = await this.#ask(() => [...this.#feeds.keys()].map(name => this.#stream.feed(name).at(-1)))
    for (const entry of last) if (entry) this.#feeds.get(entry.feed)?.reach(entry.seq)
    await this.#compareClaims()
  }

  async #compareClaims(): Promise<void> {
    for (const watcher of this.#watchers) {
      if ((await this.lastClaim(watcher.owner))?.token === watcher.token) continue
      if (this.#watchers.delete(watcher)) watcher.onSuperseded()
    }
  }

  /** What is asked may be done, and its answer lost: then it is asked again. */
  async #ask<T>(work: () => T): Promise<T> {
    const { time, process } = this.#stream
    for (const end = Date.now() + CUT_OFF_MS; Date.now() < end; await delay(100)) {
      if (this.#bus.state !== 'up') continue
      const answer = await time.ask(process, work)
      if (this.#bus.state === 'up') return answer
    }
    throw new LogUnavailable('cut off')
  }
}

const bytesOf = (entry: unknown): Uint8Array => Buffer.from(JSON.stringify(entry))
