import { delay } from '../../runtime/backoff.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { TopicStore } from '../../storage/topics/topic-store.ts'

/** Source: the list sync contract. */
const LIMITS = { maxEvents: 1_000_000, maxAgeMs: 7 * 86_400_000 }
const EVERY_MS = 60_000
/** Writers wait for a batch: a few milliseconds. */
const BATCH = 1000
/** Between two batches, for the writers. ms */
const PAUSE_MS = 20

/** Has every topic's outbox forget what is over the limits. Any number of gateways may do so. */
export class OutboxRetention {
  readonly #topics: Pick<TopicStore, 'outbox' | 'sources'>
  readonly #logger: Logger
  readonly #timer: NodeJS.Timeout
  readonly #stopped = new AbortController()
  #running: Promise<void> | undefined

  constructor(topics: Pick<TopicStore, 'outbox' | 'sources'>, logger: Logger, everyMs = EVERY_MS) {
    this.#topics = topics
    this.#logger = logger
    this.#timer = setInterval(() => this.#start(), everyMs).unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopped.abort()
    await this.#running
  }

  #start(): void {
    this.#running ??= this.#trimAll()
      .catch(error => this.#logger.warn({ err: error }, 'old events were not trimmed; next time'))
      .finally(() => {
        this.#running = undefined
      })
  }

  async #trimAll(): Promise<void> {
    const { outbox, sources } = this.#topics
    for (const { topic } of sources) {
      while (!this.#stopped.signal.aborted && (await outbox.trim(topic, LIMITS, BATCH)) === BATCH)
        await delay(PAUSE_MS)
    }
  }
}
