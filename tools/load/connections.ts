import { setTimeout as pause } from 'node:timers/promises'
import { fullJitter } from '../../runtime/backoff.ts'
import type { LeanClient } from './lean-client.ts'

const RECONNECT_BASE_MS = 100
const RECONNECT_CAP_MS = 5000
/** Close codes from here on say: do not come again. */
const TERMINAL_CODE = 4500

export interface ConnectionsOptions {
  /** Connections begun a second at most. */
  readonly rate: number
  /** Connections under way at most. */
  readonly atOnce: number
  readonly reconnect: boolean
}

export interface ConnectionEvents {
  connected(client: LeanClient, tookMs: number): void
  failed(client: LeanClient, reason: string): void
  reconnected(client: LeanClient): void
}

/** The connections of one process: made at a bounded pace, made again when lost if that is asked for. */
export class Connections {
  readonly #clients: readonly LeanClient[]
  readonly #options: ConnectionsOptions
  readonly #events: ConnectionEvents
  #closing = false

  constructor(clients: readonly LeanClient[], options: ConnectionsOptions, events: ConnectionEvents) {
    this.#clients = clients
    this.#options = options
    this.#events = events
  }

  get open(): number {
    return this.#clients.filter(client => client.bound).length
  }

  /** Resolves when each client has been connected or has failed once; where lost ones are made again, these are too. */
  async connectAll(): Promise<void> {
    const { rate, atOnce } = this.#options
    const start = performance.now()
    let next = 0
    const work = async () => {
      while (next < this.#clients.length) {
        const index = next++
        const early = start + (index * 1000) / rate - performance.now()
        if (early > 0) await pause(early)
        const client = this.#clients[index]
        if (client) await this.#connect(client)
      }
    }
    await Promise.all(Array.from({ length: Math.min(atOnce, this.#clients.length) }, work))
  }

  /** Takes note of a lost connection: it is made again where that is wanted and allowed, or `gone` for good. */
  lost(client: LeanClient, code: number): 'coming' | 'gone' {
    if (!this.#options.reconnect || code >= TERMINAL_CODE) return 'gone'
    void this.#reconnect(client)
    return 'coming'
  }

  close(): void {
    this.#closing = true
    for (const client of this.#clients) client.close()
  }

  async #connect(client: LeanClient): Promise<void> {
    const started = performance.now()
    try {
      await client.connect()
      this.#events.connected(client, performance.now() - started)
    } catch (error) {
      this.#events.failed(client, error instanceof Error ? error.message : String(error))
      if (this.#options.reconnect) void this.#reconnect(client)
    }
  }

  async #reconnect(client: LeanClient): Promise<void> {
    for (let attempt = 0; !this.#closing; attempt++) {
      await pause(fullJitter(attempt, RECONNECT_BASE_MS, RECONNECT_CAP_MS))
      if (this.#closing) return
      try {
        await client.connect()
        this.#events.reconnected(client)
        return
      } catch (error) {
        this.#events.failed(client, error instanceof Error ? error.message : String(error))
      }
    }
  }
}
