import type { PresenceEvent } from '../../protocol/events.ts'
import type { UserId } from '../../protocol/ids.ts'
import { isBefore, type PresenceOrder, type PresenceStatus } from '../../protocol/presence.ts'

/** Users of each kind whose presence is remembered for a connection. Beyond it a client may be told the same twice. */
const MAX_REMEMBERED = 1000

interface Told {
  readonly status: PresenceStatus
  readonly ts: number
  /** Of the newest word heard; undefined when none of the user's actor was. */
  readonly order: PresenceOrder | undefined
}

/**
 * What a connection's client has been told of others' presence, over all owners of its user: each owner begins with
 * knowing nothing. What is told of somebody is never older than what was told before, and neither is its ts.
 */
export class PresenceTold {
  /** Both are made when there is the first: most connections of a moment never need them. */
  #present: Map<UserId, Told> | undefined
  #gone: Map<UserId, Told> | undefined

  /** What is to be told of this, and takes note of it. Undefined when the client knows that, or what is newer. */
  take(event: PresenceEvent): PresenceEvent | undefined {
    const { user, status, answers, corrects, order } = event
    const known = this.#present?.get(user) ?? this.#gone?.get(user)
    if (!known) {
      if (corrects) return
      // Who is only asked about is nobody of whom later changes are told.
      if (!answers) this.#remember(user, { status, ts: event.ts, order })
      return event
    }
    if (order && known.order && isBefore(order, known.order))
      return answers && { ...event, status: known.status, ts: known.ts }
    const isTold = answers || status !== known.status
    const ts = isTold ? Math.max(event.ts, known.ts) : known.ts
    this.#remember(user, { status, ts, order: order ?? known.order })
    if (isTold) return ts === event.ts ? event : { ...event, ts }
  }

  /** What to tell when nobody but these is there. */
  gone(present: readonly UserId[]): PresenceEvent[] {
    const there = new Set(present)
    const gone = [...(this.#present ?? [])].filter(([user]) => !there.has(user))
    return gone.map(([user, known]) => {
      const ts = Math.max(Date.now(), known.ts)
      this.#remember(user, { status: 'offline', ts, order: known.order })
      return { kind: 'presence', user, status: 'offline', ts }
    })
  }

  #remember(user: UserId, told: Told): void {
    if (told.status === 'offline') {
      this.#present?.delete(user)
      this.#gone = remembering(this.#gone, user, told)
    } else {
      this.#gone?.delete(user)
      this.#present = remembering(this.#present, user, told)
    }
  }
}

function remembering(map = new Map<UserId, Told>(), user: UserId, told: Told): Map<UserId, Told> {
  map.set(user, told)
  if (map.size <= MAX_REMEMBERED) return map
  const [first] = map.keys()
  if (first !== undefined) map.delete(first)
  return map
}
