import { HomingError } from '../../protocol/errors.ts'

/** How long a call may wait for those before it, ms: longer ones would be answered when nobody waits any more. */
const WAIT_MS = 1000

interface Waiting {
  readonly go: () => void
  readonly timer: NodeJS.Timeout
}

/**
 * The calls of a gateway's connections to each host: so many are under way at once, the next wait in line, and what
 * has waited too long is refused. A crowd is told so within a second, instead of in ten by nobody's answer, and those
 * who are served are served soon.
 */
export class HostLines {
  readonly #most: number
  readonly #waitMs: number
  readonly #lines = new Map<string, HostLine>()

  constructor(most: number, waitMs = WAIT_MS) {
    this.#most = most
    this.#waitMs = waitMs
  }

  /** Settles as the call does; rejects with HomingError server_busy when its turn does not come in time. */
  async run<T>(hostId: string, call: () => Promise<T>): Promise<T> {
    let line = this.#lines.get(hostId)
    if (!line) {
      line = new HostLine(this.#most, this.#waitMs)
      this.#lines.set(hostId, line)
    }
    await line.enter()
    try {
      return await call()
    } finally {
      line.leave()
      if (line.empty) this.#lines.delete(hostId)
    }
  }
}

class HostLine {
  readonly #most: number
  readonly #waitMs: number
  readonly #waiting = new Set<Waiting>()
  #underWay = 0

  constructor(most: number, waitMs: number) {
    this.#most = most
    this.#waitMs = waitMs
  }

  get empty(): boolean {
    return this.#underWay === 0
  }

  enter(): Promise<void> | undefined {
    if (this.#underWay >= this.#most) return this.#wait()
    this.#underWay++
    return undefined
  }

  /** The next takes the place of who leaves. */
  leave(): void {
    for (const next of this.#waiting) {
      this.#waiting.delete(next)
      clearTimeout(next.timer)
      next.go()
      return
    }
    this.#underWay--
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting)
        reject(new HomingError('server_busy', 'too many calls to the host wait'))
      }, this.#waitMs)
      const waiting = { go: resolve, timer }
      this.#waiting.add(waiting)
    })
  }
}
