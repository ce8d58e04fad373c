import { delay, pause } from '../runtime/backoff.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Store } from './store.ts'

/** Rows of one statement: others must not wait for it. */
const ROWS_A_STATEMENT = 500
const INTERVAL_MS = 3_600_000
/** Between two statements, ms. */
const PAUSE_MS = 20

export interface HousekeepingOptions {
  readonly store: Pick<Store, 'accounts' | 'audit'>
  /** How long audit events are kept, ms; 0: for ever. */
  readonly auditRetentionMs: number
  readonly logger: Logger
  readonly intervalMs?: number
}

/** Deletes rows whose time is over: at the start, and every hour. Any number of processes may do so. */
export class Housekeeping {
  readonly #options: HousekeepingOptions
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined

  constructor(options: HousekeepingOptions) {
    this.#options = options
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#clean().catch(error => {
        if (!this.#stopping.signal.aborted)
          this.#options.logger.warn({ err: error }, 'old rows are not deleted')
      })
      await pause(this.#options.intervalMs ?? INTERVAL_MS, this.#stopping.signal)
    }
  }

  async #clean(): Promise<void> {
    const { store, auditRetentionMs } = this.#options
    const now = Date.now()
    await this.#until(() => store.accounts.forgetRefreshTokens(now, ROWS_A_STATEMENT))
    if (auditRetentionMs > 0)
      await this.#until(() => store.audit.forget(now - auditRetentionMs, ROWS_A_STATEMENT))
  }

  /** Repeats until there was less to do than it may. */
  async #until(deleteSome: () => Promise<number>): Promise<void> {
    while ((await deleteSome()) === ROWS_A_STATEMENT) await delay(PAUSE_MS, this.#stopping.signal)
  }
}
