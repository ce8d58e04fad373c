/**
 * The bus carries values between processes, at most once and without storing them.
 *
 * Guarantees, on every adapter:
 * - values of one publisher arrive at one subscription in the order they were published; between publishers
 *   there is no order;
 * - a value may be lost (a disconnection, a dead receiver); nothing is delivered twice;
 * - a request to a subject nobody subscribes fails with NoResponders at once; without an answer it fails with
 *   RequestTimeout, and the other side may still act on it;
 * - values are JSON values. A receiver must not change them: in one process they are not copied.
 */
export interface Bus {
  publish(subject: string, value: unknown): void
  request(subject: string, value: unknown, timeoutMs: number): Promise<unknown>
  /** `subject` may end in `.>` (any tail). Handlers must not throw. */
  subscribe(subject: string, handler: BusHandler): BusSubscription
  /** Resolves when every subscription made so far is in force, so that no later value is missed. */
  flush(): Promise<void>
  /** Calls back when the bus is lost and when it is back. On a bus in memory, never. */
  onState(handler: (state: BusState) => void): void
  close(): Promise<void>
}

export type BusState = 'connected' | 'disconnected'

export type BusHandler = (message: BusMessage) => void

export interface BusMessage {
  readonly subject: string
  readonly value: unknown
  /** Present on a request; only the first answer of all receivers counts. */
  readonly respond?: (value: unknown) => void
}

export interface BusSubscription {
  /** Ends the subscription once what has arrived is handled. */
  drain(): Promise<void>
}

export class NoResponders extends Error {
  constructor(subject: string) {
    super(`nobody serves ${subject}`)
    this.name = 'NoResponders'
  }
}

export class RequestTimeout extends Error {
  constructor(subject: string) {
    super(`no answer from ${subject} in time`)
    this.name = 'RequestTimeout'
  }
}
