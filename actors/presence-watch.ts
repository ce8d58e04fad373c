import { type Bus, NoResponders } from '../messaging/bus.ts'
import { subjects } from '../messaging/subjects.ts'
import type { UserId } from '../protocol/ids.ts'
import { Limit } from '../runtime/limit.ts'
import type { PresenceNews } from './user/presence/known-presence.ts'

const ANSWER_MS = 1000
/** Users asked at once by this process, whoever wants to know; those on a frozen host hold nobody up. */
const ASKING = { atOnce: 64, slowMs: 100, most: 1024 }
/** Actors that read their circles and greet them at once: a gateway's death must not become everybody's. */
const GREETING = { atOnce: 16, slowMs: 500, most: 128 }
/** Over how long greetings are spread after a disconnection, ms. */
const SPREAD_MS = 5000
const LOOK_EVERY_MS = 1000
/** Nobody served it so often in a row: no owner of the user is about to be activated. */
const ABSENT_AFTER = 2

/**
 * What user actors say to each other. `news` is published, or requested where the other's is wanted in return; `ask`
 * is a request for it.
 */
export type PresenceNotice =
  | { readonly kind: 'presence-news'; readonly news: PresenceNews }
  | { readonly kind: 'presence-ask' }

/** The other's word; `absent`: its actor is nowhere, so nobody is there; undefined when there is no telling. */
export type PresenceAnswer = PresenceNews | 'absent' | undefined

export interface PresenceWatcher {
  /** Somebody watched has answered, or is nowhere. */
  onAnswer(user: UserId, answer: PresenceNews | 'absent'): void
  /** The bus is back: what was said meanwhile has not been heard. */
  onMissed(): void
}

interface Watched {
  readonly watchers: Set<PresenceWatcher>
  /** performance.now() */
  due: number
  unserved: number
}

export interface PresenceWatchOptions {
  readonly checkMs: number
  readonly graceMs: number
}

/**
 * The presence of those whom this host's users take to be there. News may get lost, with a host or on the way: so each
 * is asked now and then, once for all who watch, and who is nowhere twice in a row is gone.
 */
export class PresenceWatch {
  readonly #bus: Bus
  readonly #options: PresenceWatchOptions
  readonly #watched = new Map<UserId, Watched>()
  readonly #watchers = new Set<PresenceWatcher>()
  readonly #asking = new Limit(ASKING)
  readonly #greeting = new Limit(GREETING)
  readonly #timer: NodeJS.Timeout

  constructor(bus: Bus, options: PresenceWatchOptions) {
    this.#bus = bus
    this.#options = options
    this.#timer = setInterval(() => this.#look(), Math.min(LOOK_EVERY_MS, options.checkMs)).unref()
    bus.onState(state => {
      if (state !== 'connected') return
      for (const watcher of this.#watchers) {
        const onMissed = () => this.#watchers.has(watcher) && watcher.onMissed()
        setTimeout(onMissed, Math.random() * SPREAD_MS).unref()
      }
    })
  }

  /** To be called while the watcher has anything to watch for. */
  join(watcher: PresenceWatcher): void {
    this.#watchers.add(watcher)
  }

  /** Ends all that the watcher watches. */
  leave(watcher: PresenceWatcher, users: Iterable<UserId>): void {
    this.#watchers.delete(watcher)
    for (const user of users) this.unwatch(user, watcher)
  }

  watch(user: UserId, watcher: PresenceWatcher): void {
    const watched = this.#watched.get(user) ?? { watchers: new Set(), due: 0, unserved: 0 }
    this.#watched.set(user, watched)
    watched.watchers.add(watcher)
    watched.unserved = 0
    watched.due = performance.now() + this.#options.checkMs * (0.75 + Math.random() / 2)
  }

  /** Nobody serves who was taken to be there. */
  suspect(user: UserId): void {
    const watched = this.#watched.get(user)
    if (!watched || watched.unserved > 0) return
    watched.unserved = 1
    watched.due = performance.now() + this.#options.graceMs
  }

  unwatch(user: UserId, watcher: PresenceWatcher): void {
    const watched = this.#watched.get(user)
    if (watched?.watchers.delete(watcher) && watched.watchers.size === 0) this.#watched.delete(user)
  }

  /** Asks a user's actor, without activating it; with `news` it is told as well. */
  ask(user: UserId, news?: PresenceNews): Promise<PresenceAnswer> {
    const notice: PresenceNotice = news ? { kind: 'presence-news', news } : { kind: 'presence-ask' }
    return this.#asking.run(async () => {
      try {
        return (await this.#bus.request(subjects.actorEvent('user', user), notice, ANSWER_MS)) as PresenceNews
      } catch (error) {
        return error instanceof NoResponders ? 'absent' : undefined
      }
    })
  }

  tell(user: UserId, news: PresenceNews): void {
    const notice: PresenceNotice = { kind: 'presence-news', news }
    this.#bus.publish(subjects.actorEvent('user', user), notice)
  }

  /** Runs a greeting when it is its turn. */
  greet(work: () => Promise<void>): Promise<void> {
    return this.#greeting.run(work)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const now = performance.now()
    for (const [user, watched] of this.#watched) {
      if (watched.due > now) continue
      watched.due = Number.POSITIVE_INFINITY
      void this.#check(user, watched)
    }
  }

  async #check(user: UserId, watched: Watched): Promise<void> {
    const answer = await this.ask(user)
    const { checkMs, graceMs } = this.#options
    watched.unserved = answer === 'absent' ? watched.unserved + 1 : 0
    const isSuspect = watched.unserved > 0 && watched.unserved < ABSENT_AFTER
    watched.due = performance.now() + (isSuspect ? Math.min(checkMs, graceMs) : checkMs)
    if (answer === undefined || isSuspect) return
    for (const watcher of [...watched.watchers]) watcher.onAnswer(user, answer)
  }
}
