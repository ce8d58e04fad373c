import type { PresenceEvent, PushedEvent } from '../../../protocol/events.ts'
import type { UserId } from '../../../protocol/ids.ts'
import { MAX_PRESENCE_USERS, type Presence } from '../../../protocol/presence.ts'
import type { Logger } from '../../../runtime/logger.ts'
import type { PresenceNotice, PresenceWatch, PresenceWatcher } from '../../presence-watch.ts'
import type { Attachment } from '../attachment.ts'
import type { OpResult, PresenceOp, PresenceQueryOp } from '../contract.ts'
import type { Circle } from './circle.ts'
import { KnownPresence, type PresenceNews } from './known-presence.ts'
import { OwnPresence, type OwnPresenceParts } from './own-presence.ts'

/** Queries of a user under way; they are answered one after the other. */
const MAX_QUERIES = 8
/** Between two tries to read whom a change has to be told, ms. */
const READ_AGAIN_MS = 2000

export interface UserPresenceParts extends Pick<OwnPresenceParts, 'graceMs' | 'intervalMs' | 'epoch'> {
  readonly watch: PresenceWatch
  readonly circle: Circle
  readonly connections: () => Iterable<Attachment>
  readonly logger: Logger
}

/**
 * A user's presence and what the user's connections are told of others'. Those who share a conversation tell each
 * other: whoever comes greets them all, tells and asks, and from then on each change is told once. What comes is ordered
 * by the teller's (epoch, n); what is lost on the way is asked for by the watch.
 */
export class UserPresence implements PresenceWatcher {
  readonly #user: UserId
  readonly #parts: UserPresenceParts
  readonly #own: OwnPresence
  readonly #known = new KnownPresence()
  readonly #watched = new Set<UserId>()
  /** Tellings go out one after the other: whom to tell may have to be read first. */
  #telling = Promise.resolve()
  #asking = Promise.resolve()
  #queries = 0
  #isStopped = false

  constructor(user: UserId, parts: UserPresenceParts) {
    this.#user = user
    this.#parts = parts
    this.#own = new OwnPresence(user, {
      graceMs: parts.graceMs,
      intervalMs: parts.intervalMs,
      epoch: parts.epoch,
      statuses: () => [...parts.connections()].map(({ waits, presence }) => (waits ? undefined : presence)),
      tell: (news, greet) => this.#tell(news, greet),
      ended: () => this.#forget(),
    })
  }

  /** Whether the actor may go without anybody missing something. */
  get quiet(): boolean {
    return this.#own.quiet
  }

  /** The route has been read. `inherited`: an earlier owner had connections. */
  restored(inherited: boolean): void {
    this.#own.restored(inherited)
  }

  /** A connection has been bound: it is told who is there, as far as that is known. */
  bound(attachment: Attachment): void {
    for (const presence of this.#known.present()) attachment.push(eventOf(presence))
    this.#own.bound()
  }

  left(): void {
    this.#own.left()
  }

  /**
   * A direct message went to or came from this user. Whoever has only now become a concern is asked: a client may take
   * the other to be gone since they have shared no group any more.
   */
  met(user: UserId): void {
    if (this.#parts.circle.met(user) && !this.#own.quiet && !this.#isStopped) void this.#getToKnow(user)
  }

  /** A gateway has said that a connection is there. */
  confirmed(): void {
    this.#own.settle()
  }

  set(attachment: Attachment, { status }: PresenceOp): OpResult {
    attachment.presence = status
    this.#own.said()
    return null
  }

  /** Answers by pushes, after the turn: somebody's silence must not hold up what the user sends. */
  query(attachment: Attachment, { users }: PresenceQueryOp): OpResult {
    if (this.#queries >= MAX_QUERIES) return { reason: 'server_busy' }
    this.#queries++
    this.#asking = this.#asking.then(async () => {
      const answers = await this.presences(users)
      for (const presence of answers) attachment.push({ ...eventOf(presence), answers: true })
      this.#queries--
    })
    return null
  }

  /** How these users are there: what their actors say, or what is known where they say nothing. */
  presences(users: readonly UserId[]): Promise<readonly (Presence | PresenceNews)[]> {
    return Promise.all(users.slice(0, MAX_PRESENCE_USERS).map(user => this.#presenceOf(user)))
  }

  onNotice(notice: PresenceNotice, respond: ((value: unknown) => void) | undefined): void {
    if (notice.kind === 'presence-news') this.#hear(notice.news)
    if (respond) void this.#own.state().then(respond)
  }

  onAnswer(user: UserId, answer: PresenceNews | 'absent'): void {
    if (answer === 'absent') this.#absent(user)
    else this.#take(answer)
  }

  onMissed(): void {
    this.#own.greetAgain()
  }

  /** `last`: nobody takes over; what is still to be said is said. */
  stop(last: boolean): void {
    this.#own.stop(last)
    this.#isStopped = true
    this.#forget()
  }

  #tell(news: PresenceNews, greet: boolean): void {
    this.#telling = this.#telling.then(async () => {
      for (;;) {
        try {
          if (greet) await this.#parts.watch.greet(() => this.#greet(news))
          else for (const user of await this.#parts.circle.users()) this.#parts.watch.tell(user, news)
          return
        } catch (error) {
          this.#parts.logger.warn({ err: error, user: this.#user }, 'a presence is not told yet')
          await new Promise(resolve => setTimeout(resolve, READ_AGAIN_MS).unref())
          if (this.#isStopped) return
        }
      }
    })
  }

  /** Tells and asks everybody. Who is there is told to the connections, and that nobody else is. */
  async #greet(news: PresenceNews): Promise<void> {
    const { circle, watch } = this.#parts
    const users = await circle.users()
    if (this.#isStopped) return
    watch.join(this)
    this.#known.retain(user => circle.has(user))
    const silent: UserId[] = []
    await Promise.all(
      users.map(async user => {
        const answer = await watch.ask(user, news)
        if (answer === 'absent') watch.suspect(user)
        else if (answer) this.#take(answer, answer.status !== 'offline')
        else {
          this.#watch(user)
          silent.push(user)
        }
      }),
    )
    const there = [...this.#known.present()].map(({ user }) => user)
    this.#push({ kind: 'presence-only', users: [...there, ...silent] })
  }

  async #getToKnow(user: UserId): Promise<void> {
    const answer = await this.#parts.watch.ask(user)
    if (answer === undefined) this.#watch(user)
    else if (answer !== 'absent') this.#take(answer, 'corrects')
  }

  /** Only those whom the user shares a conversation with are listened to: others are no concern of the user's. */
  #hear(news: PresenceNews): void {
    const { circle } = this.#parts
    if (circle.has(news.user)) this.#take(news)
    else if (!circle.isCurrent && !this.#own.quiet)
      void circle.users().then(
        () => circle.has(news.user) && this.#take(news),
        () => undefined,
      )
  }

  /** `isTold`: also where nothing was known of the user, or then only to correct what clients were told before. */
  #take(news: PresenceNews, isTold: boolean | 'corrects' = true): void {
    if (this.#isStopped || this.#own.quiet) return
    const isFirst = this.#known.get(news.user) === undefined
    const verdict = this.#known.take(news)
    if (verdict === 'older') return
    if (news.status === 'offline') this.#unwatch(news.user)
    else this.#watch(news.user)
    if (verdict !== 'changed' || !(isTold || !isFirst)) return
    const event = eventOf(this.#known.get(news.user) ?? news)
    this.#push(isTold === 'corrects' ? { ...event, corrects: true } : event)
  }

  #absent(user: UserId): void {
    this.#unwatch(user)
    if (!this.#known.absent(user, Date.now())) return
    const gone = this.#known.get(user)
    if (gone) this.#push(eventOf(gone))
  }

  async #presenceOf(user: UserId): Promise<Presence | PresenceNews> {
    if (user === this.#user) return this.#own.state()
    const answer = await this.#parts.watch.ask(user)
    if (answer === 'absent') this.#parts.watch.suspect(user)
    else if (answer && this.#parts.circle.has(user)) this.#take(answer)
    const known = this.#known.get(user)
    return known ?? (answer && answer !== 'absent' ? answer : { user, status: 'offline', ts: Date.now() })
  }

  #watch(user: UserId): void {
    if (this.#isStopped) return
    this.#watched.add(user)
    this.#parts.watch.watch(user, this)
  }

  #unwatch(user: UserId): void {
    if (this.#watched.delete(user)) this.#parts.watch.unwatch(user, this)
  }

  #forget(): void {
    this.#parts.watch.leave(this, this.#watched)
    this.#watched.clear()
    this.#known.retain(() => false)
  }

  #push(event: PushedEvent): void {
    for (const attachment of this.#parts.connections()) attachment.push(event)
  }
}

function eventOf(presence: Presence | PresenceNews): PresenceEvent {
  const { user, status, ts } = presence
  if (!('epoch' in presence)) return { kind: 'presence', user, status, ts }
  return { kind: 'presence', user, status, ts, order: { epoch: presence.epoch, n: presence.n } }
}
