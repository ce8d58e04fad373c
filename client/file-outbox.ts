import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { lockFile } from './file-lock.ts'
import type { Outbox, OutboxMessage } from './outbox.ts'
import { type JournalLine, readJournal } from './outbox-journal.ts'

const COMPACT_AFTER_LINES = 1000
const DEAD_LINES_PER_LIVE = 4

interface Waiter {
  resolve(): void
  reject(error: unknown): void
}

/**
 * An outbox in a file, for Node: a journal of JSON lines that is only appended to and now and then written anew.
 * An `add` is done when its line is synced to the disk; all that come while a sync runs share the next one. One
 * process may use a file at a time. Open it before the client and close it after.
 */
export class FileOutbox implements Outbox {
  readonly #path: string
  readonly #unlock: () => Promise<void>
  readonly #left: readonly OutboxMessage[]
  readonly #live: Map<string, OutboxMessage>
  #file: FileHandle
  #lines = 0
  #pending: string[] = []
  #waiters: Waiter[] = []
  #writing: Promise<void> | undefined

  private constructor(
    path: string,
    unlock: () => Promise<void>,
    live: Map<string, OutboxMessage>,
    file: FileHandle,
  ) {
    this.#path = path
    this.#unlock = unlock
    this.#live = live
    this.#left = [...live.values()]
    this.#lines = live.size
    this.#file = file
  }

  /**
   * Rejects with FileInUseError, or when the file is damaged elsewhere than in its last line: that one a dying
   * process may have left torn.
   */
  static async open(path: string): Promise<FileOutbox> {
    const unlock = await lockFile(`${path}.lock`)
    try {
      const live = await readJournal(path)
      return new FileOutbox(path, unlock, live, await rewrite(path, live))
    } catch (error) {
      await unlock()
      throw error
    }
  }

  load(): Promise<readonly OutboxMessage[]> {
    return Promise.resolve(this.#left)
  }

  add(message: OutboxMessage): Promise<void> {
    this.#live.set(message.clientMsgId, message)
    return this.#append({ add: message }).catch(error => {
      this.#live.delete(message.clientMsgId)
      throw error
    })
  }

  remove(clientMsgId: string): Promise<void> {
    this.#live.delete(clientMsgId)
    return this.#append({ remove: clientMsgId })
  }

  /** Writes what is pending and gives the file back. */
  async close(): Promise<void> {
    await this.#writing
    await this.#file.close()
    await this.#unlock()
  }

  #append(line: JournalLine): Promise<void> {
    this.#pending.push(`${JSON.stringify(line)}\n`)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiters.push({ resolve, reject })
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
    return promise
  }

  async #write(): Promise<void> {
    await Promise.resolve() // lets all of this turn join
    while (this.#pending.length > 0) {
      const lines = this.#pending
      const waiters = this.#waiters
      this.#pending = []
      this.#waiters = []
      try {
        await this.#sync(lines)
        for (const waiter of waiters) waiter.resolve()
      } catch (error) {
        this.#lines = Number.POSITIVE_INFINITY // half a line may be there: the next try begins a new file
        for (const waiter of waiters) waiter.reject(error)
      }
    }
  }

  async #sync(lines: readonly string[]): Promise<void> {
    this.#lines += lines.length
    if (this.#lines > COMPACT_AFTER_LINES + DEAD_LINES_PER_LIVE * this.#live.size) {
      const old = this.#file
      // What is live includes these lines, and what is pending may be written twice: reading it twice is the same.
      this.#file = await rewrite(this.#path, this.#live)
      this.#lines = this.#live.size
      await old.close()
      return
    }
    await this.#file.appendFile(lines.join(''))
    await this.#file.datasync()
  }
}

/** Writes the live messages to a new file and puts it in the old one's place. Answers it, open for appending. */
async function rewrite(path: string, live: ReadonlyMap<string, OutboxMessage>): Promise<FileHandle> {
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    const lines = Array.from(
      live.values(),
      message => `${JSON.stringify({ add: message } satisfies JournalLine)}\n`,
    )
    await file.appendFile(lines.join(''))
    await file.sync()
    await rename(`${path}.new`, path)
    await syncDirectory(dirname(path))
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The rename itself has to reach the disk, too. Windows has no such call and needs none. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  await directory.sync().finally(() => directory.close())
}
