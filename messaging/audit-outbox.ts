import type { AuditEvent } from '../protocol/audit.ts'
import { delay, fullJitter, pause } from '../runtime/backoff.ts'
import type { Logger } from '../runtime/logger.ts'
import type { AuditTrail, AuditWrite } from './audit-trail.ts'

/** Events of one write. */
const EVENTS_A_WRITE = 100
const RETRY_BASE_MS = 50
const RETRY_CAP_MS = 5000
/** How long an orderly stop goes on trying to write what waits, ms. */
const CLOSE_MS = 2000
/** Lost events are logged this often, not one by one. */
const COMPLAIN_MS = 10_000

export interface AuditOutboxOptions {
  readonly write: AuditWrite
  /** AUDIT_WAITING: events that may wait; one more is lost. */
  readonly limit: number
  readonly logger: Logger
  readonly closeMs?: number
}

/** Events on their way to where they are kept: a bounded queue that is written behind. */
export class AuditOutbox implements AuditTrail {
  readonly #options: AuditOutboxOptions
  readonly #waiting: AuditEvent[] = []
  readonly #stopping = new AbortController()
  #writing: Promise<void> | undefined
  #lost = 0
  #complainedAt = Number.NEGATIVE_INFINITY

  constructor(options: AuditOutboxOptions) {
    this.#options = options
  }

  /** Events that were not kept, since the start. */
  get lost(): number {
    return this.#lost
  }

  record(event: AuditEvent): void {
    if (this.#stopping.signal.aborted || this.#waiting.length >= this.#options.limit) {
      this.#lose(1)
      return
    }
    this.#waiting.push(event)
    this.#write()
  }

  /** Goes on writing for a moment, then gives up what is left. */
  async close(): Promise<void> {
    const giveUp = setTimeout(() => this.#stopping.abort(), this.#options.closeMs ?? CLOSE_MS)
    await this.#writing
    clearTimeout(giveUp)
    this.#stopping.abort()
  }

  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
      if (this.#waiting.length > 0) this.#write()
    })
  }

  /** Begins in a later tick, so that what comes together goes together. Never rejects. */
  async #writeAll(): Promise<void> {
    await delay(0)
    for (let failures = 0; this.#waiting.length > 0; ) {
      if (this.#stopping.signal.aborted) {
        this.#lose(this.#waiting.splice(0).length)
        return
      }
      const some = this.#waiting.slice(0, EVENTS_A_WRITE)
      try {
        await this.#options.write(some)
        this.#waiting.splice(0, some.length)
        failures = 0
      } catch (error) {
        if (failures === 0)
          this.#options.logger.debug({ err: error }, 'audit events could not be written yet')
        await pause(fullJitter(failures, RETRY_BASE_MS, RETRY_CAP_MS), this.#stopping.signal)
        failures += 1
      }
    }
  }

  #lose(events: number): void {
    this.#lost += events
    const now = performance.now()
    if (now - this.#complainedAt < COMPLAIN_MS) return
    this.#complainedAt = now
    this.#options.logger.error(
      { lost: this.#lost },
      'audit events are lost: they could not be written in time',
    )
  }
}
