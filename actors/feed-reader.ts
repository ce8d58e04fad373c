import type { LogEntry, MessageLog } from '../messaging/message-log.ts'
import type { Feed } from '../protocol/ids.ts'
import type { MessageStore } from '../storage/store.ts'

/** Reads feeds as one sequence, wherever their entries are: saved ones from the database, later ones from the log. */
export class FeedReader {
  readonly #messages: MessageStore
  readonly #log: MessageLog

  constructor(messages: MessageStore, log: MessageLog) {
    this.#messages = messages
    this.#log = log
  }

  /** Up to `limit` entries with seq > `after`, in order. Fewer than `limit`: there were no more. */
  async read(feed: Feed, after: number, limit: number): Promise<readonly LogEntry[]> {
    const saved = await this.#messages.readFeed(feed, after, limit)
    if (saved.entries.length >= limit) return saved.entries
    const tail = await this.#log.read(feed, Math.max(after, saved.position), limit - saved.entries.length)
    return tail.length === 0 ? saved.entries : [...saved.entries, ...tail]
  }

  /** The entry with this seq, saved or not. */
  async entry(seq: number): Promise<LogEntry | undefined> {
    return (await this.#messages.entry(seq)) ?? (await this.#log.entry(seq))
  }

  /** The same as its sender's repeats are answered by: also whether a saver has passed it without saving it. */
  async first(seq: number): Promise<FirstEntry | undefined> {
    const saved = await this.#messages.entry(seq)
    if (saved) return { stored: saved, refused: false }
    const logged = await this.#log.entry(seq)
    if (!logged) return undefined
    const passed = !this.#log.savesOnAppend && (await this.#messages.position()) >= seq
    if (!passed) return { stored: logged, refused: false }
    // It may have been saved since the first look.
    const late = await this.#messages.entry(seq)
    return { stored: late ?? logged, refused: late === undefined }
  }
}

/** `refused`: it cannot be saved as it is, and waits among the dead letters. */
export interface FirstEntry {
  readonly stored: LogEntry
  readonly refused: boolean
}
