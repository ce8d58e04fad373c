import type { Feed, UserId } from '../protocol/ids.ts'
import type { Logger } from '../runtime/logger.ts'
import type { DeliveredCursor, ReadCursor, UserStore } from '../storage/store.ts'

/**
 * Writes cursors behind, those of all actors of a process in one batch. What a crash loses is at most the last
 * `flushMs` of acknowledgements; the messages are then pushed again.
 */
export class CursorWriter {
  readonly #users: UserStore
  readonly #logger: Logger
  readonly #timer: NodeJS.Timeout
  #delivered = new Map<string, DeliveredCursor & { user: UserId }>()
  #read = new Map<string, ReadCursor>()
  #flushing: Promise<void> = Promise.resolve()

  constructor(users: UserStore, flushMs: number, logger: Logger) {
    this.#users = users
    this.#logger = logger
    this.#timer = setInterval(() => void this.flush(), flushMs).unref()
  }

  delivered(user: UserId, device: string, feed: Feed, seq: number): void {
    this.#delivered.set(`${user}\0${device}\0${feed}`, { user, device, feed, seq })
  }

  read(cursor: ReadCursor): void {
    this.#read.set(`${cursor.user}\0${cursor.conversation}`, cursor)
  }

  /** Resolves when what was noted so far is written, or has failed and waits for the next flush. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#write())
    return this.#flushing
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }

  async #write(): Promise<void> {
    if (this.#delivered.size === 0 && this.#read.size === 0) return
    const delivered = this.#delivered
    const read = this.#read
    this.#delivered = new Map()
    this.#read = new Map()
    try {
      await this.#users.saveCursors({ delivered: [...delivered.values()], read: [...read.values()] })
    } catch (error) {
      this.#logger.warn(
        { err: error, cursors: delivered.size + read.size },
        'cursors not written; trying again',
      )
      this.#delivered = new Map([...delivered, ...this.#delivered])
      this.#read = new Map([...read, ...this.#read])
    }
  }
}
