import type { UserId } from '../../../protocol/ids.ts'
import { mostPresent, type PresenceStatus, presenceStatuses } from '../../../protocol/presence.ts'
import type { PresenceNews } from './known-presence.ts'

/** So long a client that has just been bound may say that it is away, before it is told online. */
const AFTER_BIND_MS = 200
/** Of no change: the state that an owner begins with is its 0th. */
const NOTHING_TOLD = -1

export interface OwnPresenceParts {
  /** How long somebody who has gone may be gone before it is told, ms. */
  readonly graceMs: number
  /** Between two tellings, ms: what changes faster is told as it is then. */
  readonly intervalMs: number
  /** Of each connection of the route; undefined when its gateway has not yet said that it is there. */
  readonly statuses: () => Iterable<PresenceStatus | undefined>
  readonly epoch: () => number
  /** Tells all who are concerned. `greet`: and asks them. */
  readonly tell: (news: PresenceNews, greet: boolean) => void
  /** Nobody is there any more, and that has been told: nothing has to be known either. */
  readonly ended: () => void
}

/** How a user is there: made of the connections, numbered with each change, told after what is only a blink is over. */
export class OwnPresence {
  readonly #user: UserId
  readonly #parts: OwnPresenceParts
  #status: PresenceStatus = 'offline'
  #epoch = 0
  #n = 0
  #ts = Date.now()
  /** The n that was told last. */
  #toldN = 0
  #toldAt = Number.NEGATIVE_INFINITY
  #isGreeted = false
  /** Until when (performance.now()) one who has left may be back. */
  #graceUntil = 0
  #look: { readonly at: number; readonly timer: NodeJS.Timeout } | undefined
  #waiting: (() => void)[] = []
  #isRestored = false
  #isStopped = false

  constructor(user: UserId, parts: OwnPresenceParts) {
    this.#user = user
    this.#parts = parts
  }

  /** Whether nobody is there and nothing is to be told. */
  get quiet(): boolean {
    return this.#look === undefined && !this.#isGreeted
  }

  /**
   * The connections are those of the route; until then, that there are none says nothing. `inherited`: an earlier owner
   * had some, so others may take the user to be there, and nobody's being there is news.
   */
  restored(inherited: boolean): void {
    this.#isRestored = true
    if (inherited) this.#toldN = NOTHING_TOLD
    this.settle()
  }

  bound(): void {
    this.#lookIn(AFTER_BIND_MS)
  }

  /** A connection is gone, or its gateway does not know it. */
  left(): void {
    this.#graceUntil = performance.now() + this.#parts.graceMs
    this.#lookIn(this.#parts.graceMs)
    this.settle()
  }

  /** A client has said how it is there. */
  said(): void {
    this.#graceUntil = 0
    this.#lookIn(0)
  }

  /** Has everybody be told and asked again. */
  greetAgain(): void {
    if (!this.#isGreeted) return
    this.#isGreeted = false
    this.#lookIn(0)
  }

  /** To be called when a gateway has said whether a connection is there. */
  settle(): void {
    if (!this.#isSettled) return
    for (const resolve of this.#waiting.splice(0)) resolve()
    // An owner that has taken over: what the others know stands, and they may be about to be taken over as well.
    if (!this.#isGreeted && !this.#look && !this.#isEmpty) this.#lookIn(this.#parts.graceMs)
  }

  /** As it is now; while the route is read and gateways are asked, as it is then. */
  async state(): Promise<PresenceNews> {
    if (!this.#isSettled) await new Promise<void>(resolve => this.#waiting.push(resolve))
    this.#note()
    return this.#news
  }

  /** Nothing is told any more, but what is still to be said of who has gone: that only if `last`. */
  stop(last: boolean): void {
    clearTimeout(this.#look?.timer)
    this.#look = undefined
    this.#graceUntil = 0
    if (last && this.#isEmpty && this.#isGreeted) this.#tell()
    this.#isStopped = true
  }

  get #isEmpty(): boolean {
    return [...this.#parts.statuses()].length === 0
  }

  get #isSettled(): boolean {
    return this.#isRestored && [...this.#parts.statuses()].every(status => status !== undefined)
  }

  get #news(): PresenceNews {
    return { user: this.#user, status: this.#status, ts: this.#ts, epoch: this.#epoch, n: this.#n }
  }

  #lookIn(ms: number): void {
    if (this.#isStopped) return
    const now = performance.now()
    const at = Math.max(now + ms, this.#toldAt + this.#parts.intervalMs)
    if (this.#look && this.#look.at <= at) return
    clearTimeout(this.#look?.timer)
    this.#look = { at, timer: setTimeout(() => this.#onLook(), at - now).unref() }
  }

  #onLook(): void {
    this.#look = undefined
    // Whoever is asked for will be there or not, and then settles it.
    if (!this.#isSettled) return
    const remaining = this.#graceUntil - performance.now()
    if (remaining <= 0 || !this.#isEmpty) this.#tell()
    if (remaining > 0) this.#lookIn(remaining)
  }

  #tell(): void {
    this.#note()
    const isOver = this.#isEmpty && this.#graceUntil <= performance.now()
    const greet = !this.#isGreeted && !this.#isEmpty
    if (greet || this.#n !== this.#toldN) {
      this.#isGreeted ||= greet
      this.#toldN = this.#n
      this.#toldAt = performance.now()
      this.#parts.tell(this.#news, greet)
    }
    if (!isOver || !this.#isGreeted) return
    this.#isGreeted = false
    this.#parts.ended()
  }

  /** Numbers a change. Whoever has only just left counts as there. */
  #note(): void {
    const status = [...this.#parts.statuses()].reduce<PresenceStatus>(
      (most, next) => mostPresent(most, next ?? 'offline'),
      'offline',
    )
    const isLess = presenceStatuses.indexOf(status) < presenceStatuses.indexOf(this.#status)
    if (status === this.#status || (isLess && performance.now() < this.#graceUntil)) {
      this.#epoch ||= this.#parts.epoch()
      return
    }
    this.#status = status
    this.#epoch = this.#parts.epoch()
    this.#n++
    this.#ts = Date.now()
  }
}
