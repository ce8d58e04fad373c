import type { LogSubscription } from '../messaging/message-log.ts'
import type { Owner } from '../protocol/ids.ts'

interface Watcher {
  readonly token: string
  readonly onSuperseded: () => void
  /** Whether the last claim is the watcher's own, so that the next one of another ends it. */
  holds: boolean
}

/** Who is told when its ownership has been taken by somebody else; each once. */
export class ClaimWatchers {
  readonly #watchers = new Map<Owner, Set<Watcher>>()

  add(owner: Owner, token: string, holds: boolean, onSuperseded: () => void): LogSubscription {
    const watcher: Watcher = { token, holds, onSuperseded }
    const watchers = this.#watchers.get(owner) ?? new Set()
    this.#watchers.set(owner, watchers.add(watcher))
    return { stop: () => this.#remove(owner, watcher) }
  }

  claimed(owner: Owner, token: string): void {
    for (const watcher of this.#watchers.get(owner) ?? []) {
      if (watcher.token === token) {
        watcher.holds = true
      } else if (watcher.holds) {
        this.#remove(owner, watcher)
        watcher.onSuperseded()
      }
    }
  }

  #remove(owner: Owner, watcher: Watcher): void {
    const watchers = this.#watchers.get(owner)
    watchers?.delete(watcher)
    if (watchers?.size === 0) this.#watchers.delete(owner)
  }
}
