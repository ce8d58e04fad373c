import type { LogEntry, LogSubscription } from '../messaging/message-log.ts'
import type { Feed } from '../protocol/ids.ts'
import type { Logger } from '../runtime/logger.ts'

type Handler = (entry: LogEntry) => void

/** Who follows which feed. One follower's failure reaches no other, and no sender. */
export class FeedFollowers {
  readonly #logger: Logger
  readonly #handlers = new Map<Feed, Set<Handler>>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  add(feed: Feed, handler: Handler): LogSubscription {
    // A function of its own, so that one handler may follow a feed twice.
    const own: Handler = entry => handler(entry)
    const handlers = this.#handlers.get(feed) ?? new Set()
    this.#handlers.set(feed, handlers.add(own))
    return {
      stop: () => {
        handlers.delete(own)
        if (handlers.size === 0 && this.#handlers.get(feed) === handlers) this.#handlers.delete(feed)
      },
    }
  }

  tell(entry: LogEntry): void {
    const handlers = this.#handlers.get(entry.feed)
    if (!handlers) return
    for (const handler of handlers) {
      try {
        handler(entry)
      } catch (error) {
        this.#logger.error({ err: error, feed: entry.feed, seq: entry.seq }, 'a follower of the log failed')
      }
    }
  }
}
