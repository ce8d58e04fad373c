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
  readonly #timer: NodeJS.Timeout
  readonly #present = new Map<string, OnlineConnection>()
  /** What the table does not show yet. */
  #added = new Map<string, OnlineConnection>()
  #removed = new Set<string>()
  #writing: Promise<void> | undefined

  constructor(gatewayId: string, store: OnlineStore, logger: Logger) {
    this.#gatewayId = gatewayId
    this.#store = store
    this.#logger = logger
    this.#timer = setInterval(() => void this.#renew(), RENEW_MS).unref()
  }

  /** To be called before anything is added. */
  async open(): Promise<void> {
    await this.#store.renew(this.#gatewayId, LEASE_SECONDS)
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

  async #renew(): Promise<void> {
    try {
      if (await this.#store.renew(this.#gatewayId, LEASE_SECONDS)) return
      // This process stood still for so long that the others have forgotten it.
      for (const connection of this.#present.values()) this.#added.set(connection.connId, connection)
      this.#write()
    } catch (error) {
      this.#logger.warn({ err: error }, 'the lease of the online list is not renewed; trying again')
    }
  }

  /** One write at a time, of all that has come since the last. */
  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
    })
  }

  async #writeAll(): Promise<void> {
    while (this.#added.size > 0 || this.#removed.size > 0) {
      const [added, removed] = [this.#added, this.#removed]
      this.#added = new Map()
      this.#removed = new Set()
      try {
        await this.#store.change(this.#gatewayId, { added: [...added.values()], removed: [...removed] })
      } catch (error) {
        this.#logger.warn({ err: error }, 'the online list is not written; trying again')
        for (const connId of this.#removed) added.delete(connId)
        this.#added = new Map([...added, ...this.#added])
        this.#removed = new Set([...removed, ...this.#removed])
        await new Promise(resolve => setTimeout(resolve, RETRY_MS).unref())
      }
    }
  }
}
