/**
 * Which saved entries have been saved for long enough to leave the log. It remembers positions with the time they
 * were reached, not more often than it matters; after a restart it starts anew, so purges come later, never earlier.
 */
export class PurgePlan {
  readonly #retentionMs: number
  readonly #stepMs: number
  #samples: { readonly at: number; readonly position: number }[] = []

  constructor(retentionMs: number) {
    this.#retentionMs = retentionMs
    this.#stepMs = retentionMs / 60
  }

  reached(position: number, now: number): void {
    const last = this.#samples.at(-1)
    if (last && (now - last.at < this.#stepMs || position <= last.position)) return
    this.#samples.push({ at: now, position })
  }

  /** The position up to which to purge now, told once, or undefined when nothing has become old enough. */
  due(now: number): number | undefined {
    const old = this.#samples.filter(({ at }) => now - at >= this.#retentionMs)
    this.#samples = this.#samples.slice(old.length)
    return old.at(-1)?.position
  }
}
