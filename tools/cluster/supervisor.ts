import { setTimeout as delay } from 'node:timers/promises'
import type { Child } from './child.ts'
import type { Fleet, Unit } from './fleet.ts'

const SHORTEST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5_000
// One that ran for this long is started again at once; the pauses are for those that die at birth.
const PROVEN_MS = 30_000

/** Starts again what dies on its own, after a pause that grows while it keeps dying. */
export class Supervisor {
  readonly #fleet: Fleet
  readonly #report: (line: string) => void
  readonly #reviving = new Set<Unit>()
  readonly #pauses = new Map<Unit, { ms: number; since: number }>()
  readonly #stopped = new AbortController()

  constructor(fleet: Fleet, report: (line: string) => void) {
    this.#fleet = fleet
    this.#report = report
  }

  /** From now on nothing is started again. */
  stop(): void {
    this.#stopped.abort()
  }

  /** To be called when a process has died that nobody stopped. */
  async revive(child: Child, how: string): Promise<void> {
    const unit = this.#fleet.unitOf(child)
    if (this.#reviving.has(unit) || this.#stopped.signal.aborted) return
    this.#reviving.add(unit)
    this.#report(`${child.spec.name} died (${how}): starting it again`)
    try {
      await this.#untilStarted(unit)
    } finally {
      this.#reviving.delete(unit)
    }
  }

  async #untilStarted(unit: Unit): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      // A daprd does not know the actors that an older Node process holds, nor the reverse: both go.
      await this.#fleet.stop(unit)
      await delay(this.#nextPause(unit), undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      try {
        await this.#fleet.start(unit)
        this.#report(`${unit.map(c => c.spec.name).join(' and ')} ready again`)
        return
      } catch (error) {
        if (!signal.aborted) this.#report(error instanceof Error ? error.message : String(error))
      }
    }
  }

  #nextPause(unit: Unit): number {
    const last = this.#pauses.get(unit)
    const now = performance.now()
    const proven = !last || now - last.since > PROVEN_MS
    const ms = proven ? SHORTEST_PAUSE_MS : Math.min(last.ms * 2, LONGEST_PAUSE_MS)
    this.#pauses.set(unit, { ms, since: now })
    return proven ? 0 : ms
  }
}
