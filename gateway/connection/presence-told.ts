import type { PresenceEvent } from '../../protocol/events.ts'
import type { UserId } from '../../protocol/ids.ts'
import type { PresenceStatus } from '../../protocol/presence.ts'

/** Users whose presence is remembered for a connection. Beyond it a client may be told the same twice. */
const MAX_REMEMBERED = 1000

/** Who a connection's client has been told to be there, over all owners of its user. */
export class PresenceTold {
  /** Made when there is the first: most connections of a moment never need it. */
  #present: Map<UserId, PresenceStatus> | undefined

  /** Takes note of what is about to be told. False when the client knows. */
  isNews({ user, status, answers }: PresenceEvent): boolean {
    const known = this.#present?.get(user)
    if (status === 'offline') this.#present?.delete(user)
    // Who is only asked about is nobody of whom later changes are told.
    else if (!answers || known) this.#remember(user, status)
    return answers === true || known !== status
  }

  /** What to tell when nobody but these is there. */
  gone(present: readonly UserId[]): PresenceEvent[] {
    if (!this.#present?.size) return []
    const there = new Set(present)
    const gone = [...this.#present.keys()].filter(user => !there.has(user))
    for (const user of gone) this.#present.delete(user)
    return gone.map(user => ({ kind: 'presence', user, status: 'offline', ts: Date.now() }))
  }

  #remember(user: UserId, status: PresenceStatus): void {
    this.#present ??= new Map()
    this.#present.set(user, status)
    if (this.#present.size <= MAX_REMEMBERED) return
    const [first] = this.#present.keys()
    if (first !== undefined) this.#present.delete(first)
  }
}
