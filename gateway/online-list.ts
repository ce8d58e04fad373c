import type { Logger } from '../runtime/logger.ts'
import type { OnlineConnection, OnlineStore } from '../storage/store.ts'
import { hasRole, type Session } from './auth/tokens.ts'

const RENEW_MS = 5000
/** A gateway that has not renewed for so long is not counted any more: three renewals. s */
const LEASE_SECONDS = 15
const RETRY_MS = 1000

/**
 * This gateway's part of the list of who is connected for customer service. The list is a table, so that every
 * gateway answers alike; a gateway's rows are good while it renews its lease, and a dead one's are out in 15 s.
 */
export class OnlineList {
  readonly #gatewayId: string
  readonly #store: OnlineStore
  readonly #logger: Logger
  readonly #renewMs: number
  readonly #timer: NodeJS.Timeout
  readonly #present = new Map<string, OnlineConnection>()
  /** What the table does not show yet. */
  #added = new Map<string, OnlineConnection>()
  #removed = new Set<string>()
  #writing: Promise<void> | undefined
  /** performance.now() */
  #renewedAt = Number.NEGATIVE_INFINITY

  constructor(gatewayId: string, store: OnlineStore, logger: Logger, renewMs = RENEW_MS) {
    this.#gatewayId = gatewayId
    this.#store = store
    this.#logger = logger
    this.#renewMs = renewMs
    this.#timer = setInterval(() => this.#write(), renewMs).unref()
  }

  /** Once for a connection; a renewed token changes nothing. */
  add(connId: string, session: Session): void {
    const type = hasRole(session, 'agent') ? 'agent' : 'customer'
    const connection = { connId, user: session.user, type } as const
    this.#present.set(connId, connection)
    this.#added.set(connId, connection)
    this.#write()
  }

  remove(connId: string): void {
    // Whether it was written or is being written now: the removal comes after.
    if (!this.#present.delete(connId)) return
    this.#added.delete(connId)
    this.#removed.add(connId)
    this.#write()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#writing
  }

  /** One write at a time, of all that has come since the last. */
  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
    })
  }

  async #writeAll(): Promise<void> {
    do {
      const [added, removed] = [this.#added, this.#removed]
      this.#added = new Map()
      this.#removed = new Set()
      try {
        await this.#renew(added)
        if (added.size > 0 || removed.size > 0)
          await this.#store.change(this.#gatewayId, { added: [...added.values()], removed: [...removed] })
      } catch (error) {
        this.#logger.warn({ err: error }, 'the online list is not written; trying again')
        for (const connId of this.#removed) added.delete(connId)
        this.#added = new Map([...added, ...this.#added])
        this.#removed = new Set([...removed, ...this.#removed])
        await new Promise(resolve => setTimeout(resolve, RETRY_MS).unref())
      }
    } while (this.#added.size > 0 || this.#removed.size > 0)
  }

  /** Adds all connections again where others have forgotten this gateway. With nobody here, it needs no lease. */
  async #renew(added: Map<string, OnlineConnection>): Promise<void> {
    if (this.#present.size === 0 || performance.now() - this.#renewedAt < this.#renewMs) return
    const known = await this.#store.renew(this.#gatewayId, LEASE_SECONDS)
    this.#renewedAt = performance.now()
    if (!known) for (const connection of this.#present.values()) added.set(connection.connId, connection)
  }
}
