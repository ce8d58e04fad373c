import { io, type Socket } from 'socket.io-client'
import type { InitialList, ListUpdate } from '../../gateway/list-sync/list-socket.ts'
import type { Website } from '../../storage/topics/topic-store.ts'

const WAIT_MS = 8000

export type Transport = 'websocket' | 'polling'

export interface ListClientOptions {
  readonly transports?: readonly Transport[]
  /** Asks for the list, or what it has missed, at each `connected`, and comes back when the connection is lost. */
  readonly follow?: boolean
  readonly headers?: Record<string, string>
}

/** An ordinary socket.io-client with a list of websites; it keeps all it was told and what was wrong with it. */
export class ListClient {
  readonly socket: Socket
  readonly initials: InitialList[] = []
  readonly updates: ListUpdate[] = []
  readonly items = new Map<number, Website>()
  /** Updates that came twice, too early, too late or not at all. */
  readonly violations: string[] = []
  lastEventId: number | undefined
  /** How the connection or the attempt for it last ended. */
  ended: string | undefined
  greetings = 0
  readonly #waiting = new Set<() => void>()

  constructor(url: string, token: unknown, { transports, follow, headers }: ListClientOptions = {}) {
    this.socket = io(url, {
      auth: { token },
      forceNew: true,
      reconnection: follow ?? false,
      reconnectionDelay: 20,
      reconnectionDelayMax: 200,
      ...(transports && { transports: [...transports] }),
      ...(headers && { extraHeaders: headers }),
    })
    this.#on('connected', () => {
      this.greetings++
      if (follow) this.socket.emit('request:websites', this.#known())
    })
    this.#on('websites:initial', (list: InitialList) => this.#onInitial(list))
    this.#on('websites:update', (update: ListUpdate) => this.#onUpdate(update))
    this.#on('connect_error', (error: Error) => {
      this.ended = error.message
    })
    this.#on('disconnect', (reason: string) => {
      this.ended = reason
    })
  }

  /** A client that has been greeted. */
  static async open(url: string, token: unknown, options?: ListClientOptions): Promise<ListClient> {
    const client = new ListClient(url, token, options)
    try {
      await client.until(() => client.greetings > 0, 'no connected')
    } catch (error) {
      client.close()
      throw error
    }
    return client
  }

  /** Asks, and resolves with the ack callback's answer. */
  async request(payload?: unknown): Promise<{ lastEventId: number }> {
    const ask = this.socket.timeout(WAIT_MS)
    return payload === undefined
      ? await ask.emitWithAck('request:websites')
      : await ask.emitWithAck('request:websites', payload)
  }

  /** Resolves once the condition holds; it is looked at whenever something has come. */
  async until(condition: () => boolean, complaint: string, waitMs = WAIT_MS): Promise<void> {
    if (condition()) return
    await new Promise<void>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        this.#waiting.delete(check)
      }
      const check = () => {
        if (!condition()) return
        end()
        resolve()
      }
      const timer = setTimeout(() => {
        end()
        const last = JSON.stringify(this.updates.slice(-3))
        reject(new Error(`${complaint}; ended: ${this.ended}, at ${this.lastEventId}, last ${last}`))
      }, waitMs)
      this.#waiting.add(check)
    })
  }

  async untilUpdates(count: number): Promise<readonly ListUpdate[]> {
    await this.until(() => this.updates.length >= count, `fewer than ${count} updates`)
    return this.updates
  }

  async untilEnded(): Promise<string> {
    await this.until(() => this.ended !== undefined, 'still connected')
    return this.ended ?? ''
  }

  /** Ends the connection, if there is one, as a lost one; who follows comes back. */
  cut(): void {
    // Closed while it opens, an engine leaves its manager waiting for the connect time-out.
    if (this.socket.connected) this.socket.io.engine.close()
  }

  close(): void {
    this.socket.close()
  }

  /** The list, in the order of ids. */
  list(): Website[] {
    return [...this.items.values()].sort((a, b) => a.website_id - b.website_id)
  }

  #known(): { lastEventId: number } | undefined {
    return this.lastEventId === undefined ? undefined : { lastEventId: this.lastEventId }
  }

  #on<T>(event: string, handler: (value: T) => void): void {
    this.socket.on(event, (value: T) => {
      handler(value)
      for (const check of this.#waiting) check()
    })
  }

  #onInitial(list: InitialList): void {
    this.initials.push(list)
    this.items.clear()
    for (const item of list.items as readonly Website[]) this.items.set(item.website_id, item)
    this.lastEventId = list.lastEventId
  }

  #onUpdate(update: ListUpdate): void {
    const { eventId, type, data } = update
    if (this.lastEventId !== undefined && eventId !== this.lastEventId + 1)
      this.violations.push(`${eventId} after ${this.lastEventId}`)
    this.updates.push(update)
    this.lastEventId = eventId
    const item = data as Website
    if (type === 'delete') this.items.delete(item.website_id)
    else this.items.set(item.website_id, item)
  }
}
