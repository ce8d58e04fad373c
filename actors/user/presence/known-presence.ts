import type { UserId } from '../../../protocol/ids.ts'
import { isBefore, type Presence, type PresenceOrder } from '../../../protocol/presence.ts'

/** A user's presence as the user's actor says it. Of two, the one with the higher (epoch, n) is the newer. */
export interface PresenceNews extends Presence, PresenceOrder {}

interface Known extends PresenceNews {
  /** Nobody answered for the user: the actor's own word of the same age goes before it. */
  readonly inferred?: true
}

/** What a user's actor knows of others' presence: always the newest that it has heard of each, in whatever order. */
export class KnownPresence {
  readonly #byUser = new Map<UserId, Known>()

  get(user: UserId): PresenceNews | undefined {
    return this.#byUser.get(user)
  }

  /** Who is there, or away. */
  *present(): Iterable<PresenceNews> {
    for (const known of this.#byUser.values()) if (known.status !== 'offline') yield known
  }

  /** Takes note. `changed`: the status is another than was known, or nothing was. */
  take(news: PresenceNews): 'changed' | 'unchanged' | 'older' {
    const known = this.#byUser.get(news.user)
    if (known && !isNewer(news, known)) return 'older'
    // Another owner's clock may be behind; and an inference that was wrong is undone now, not when the user has come.
    const ts = known ? Math.max(news.ts, known.ts) : news.ts
    this.#byUser.set(news.user, { ...news, ts })
    return known?.status === news.status ? 'unchanged' : 'changed'
  }

  /** The user's actor is nowhere. True when the user was known to be there. */
  absent(user: UserId, ts: number): boolean {
    const known = this.#byUser.get(user)
    if (!known || known.status === 'offline') return false
    this.#byUser.set(user, { ...known, status: 'offline', ts: Math.max(ts, known.ts), inferred: true })
    return true
  }

  /** Forgets those of whom nothing has to be known any more. */
  retain(isConcerned: (user: UserId) => boolean): void {
    for (const user of this.#byUser.keys()) if (!isConcerned(user)) this.#byUser.delete(user)
  }
}

function isNewer(news: PresenceNews, known: Known): boolean {
  return known.inferred ? !isBefore(news, known) : isBefore(known, news)
}
