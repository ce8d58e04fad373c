import { delay, fullJitter } from '../runtime/backoff.ts'
import { NoResponders, RequestTimeout } from './bus.ts'
import { LogUnavailable } from './message-log.ts'
import type { NatsConnection } from './nats-connection.ts'
import { ConnectionLost } from './nats-requests.ts'
import { StreamRefusal } from './nats-stream.ts'

/** After so long without a connection nothing new is begun: the caller's callers should not wait in vain. */
const GIVE_UP_LOST_MS = 1_000

/** Repeats what the log did not answer or refused for the moment, until a deadline. */
export class NatsRetries {
  readonly #connection: NatsConnection
  readonly #deadlineMs: number

  constructor(connection: NatsConnection, deadlineMs: number) {
    this.#connection = connection
    this.#deadlineMs = deadlineMs
  }

  /**
   * Rejects with LogUnavailable, or with whatever `attempt` throws that repeating cannot mend. While the
   * connection is lost it gives up early, unless `settle` is set and an attempt may have had an effect.
   */
  async run<T>(what: string, attempt: () => Promise<T>, settle = false): Promise<T> {
    const end = performance.now() + this.#deadlineMs
    let unsettled = false
    for (let n = 0; ; n += 1) {
      try {
        return await attempt()
      } catch (error) {
        if (!passes(error)) throw error
        unsettled ||= settle && mayHaveHappened(error)
        const lost = !unsettled && this.#connection.lostForMs > GIVE_UP_LOST_MS
        if (lost || performance.now() > end) {
          throw new LogUnavailable(`${what}: ${(error as Error).message}`, { cause: error })
        }
      }
      await delay(1 + fullJitter(n, 4, 200))
    }
  }
}

const passes = (error: unknown): boolean =>
  error instanceof NoResponders ||
  error instanceof RequestTimeout ||
  error instanceof ConnectionLost ||
  error instanceof StreamRefusal

const mayHaveHappened = (error: unknown): boolean =>
  error instanceof RequestTimeout || (error instanceof ConnectionLost && error.sent)
