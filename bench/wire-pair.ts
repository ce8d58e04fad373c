import type { Dialect } from './dialects/dialect.ts'
import { WireClient } from './wire-client.ts'

export interface PairCounters {
  sent: number
  /** As safe as the server makes it. */
  done: number
  received: number
}

/** Hears how long each message took since it was due, ms. */
export interface PairObserver {
  done(ms: number): void
  received(ms: number): void
}

/** A sender and the receiver of its messages. */
export class WirePair {
  readonly counters: PairCounters = { sent: 0, done: 0, received: 0 }
  readonly #dialect: Dialect
  readonly #body: string
  readonly #due = new Map<number, { at: number; waits: number }>()
  #sender: WireClient | undefined
  #receiver: WireClient | undefined
  #observer: PairObserver | undefined
  #refilling = false
  #lastSeq = ''
  #ackTimer: NodeJS.Timeout | undefined

  private constructor(dialect: Dialect, body: string) {
    this.#dialect = dialect
    this.#body = body
  }

  static async connect(
    urls: { readonly sender: string; readonly receiver: string },
    names: { readonly sender: string; readonly receiver: string },
    dialect: Dialect,
    body: string,
  ): Promise<WirePair> {
    const pair = new WirePair(dialect, body)
    pair.#receiver = await WireClient.connect(urls.receiver, names.receiver, dialect, frame =>
      pair.#onReceived(frame),
    )
    pair.#sender = await WireClient.connect(urls.sender, names.sender, dialect, frame => pair.#onDone(frame))
    return pair
  }

  set observer(observer: PairObserver | undefined) {
    this.#observer = observer
  }

  get settled(): boolean {
    return this.#due.size === 0
  }

  /** Sends one message that was due at `at` (performance.now()). */
  send(at: number): void {
    if (!this.#sender || !this.#receiver) return
    const n = ++this.counters.sent
    this.#due.set(n, { at, waits: 2 })
    this.#sender.send(this.#dialect.message(n, this.#receiver.user, this.#body))
  }

  /** Keeps `window` messages under way until `pause`. */
  saturate(window: number): void {
    this.#refilling = true
    for (let i = 0; i < window; i++) this.send(performance.now())
  }

  /** Sends no more; what is under way still ends. */
  pause(): void {
    this.#refilling = false
  }

  close(): void {
    clearTimeout(this.#ackTimer)
    this.#sender?.close()
    this.#receiver?.close()
  }

  #onDone(frame: string): void {
    const n = this.#dialect.done(frame)
    if (n === undefined) return
    this.counters.done++
    const ms = this.#since(n)
    this.#observer?.done(ms)
    if (this.#refilling) this.send(performance.now())
  }

  #onReceived(frame: string): void {
    const message = this.#dialect.received(frame)
    if (!message) return
    this.counters.received++
    this.#acknowledge(message.seq)
    const ms = this.#since(message.n)
    this.#observer?.received(ms)
  }

  #acknowledge(seq: string): void {
    const { acknowledgement } = this.#dialect
    if (!acknowledgement) return
    if (acknowledgement.everyMs === undefined) {
      this.#receiver?.send(acknowledgement.frame(seq))
      return
    }
    this.#lastSeq = seq
    this.#ackTimer ??= setTimeout(() => {
      this.#ackTimer = undefined
      this.#receiver?.send(acknowledgement.frame(this.#lastSeq))
    }, acknowledgement.everyMs)
  }

  #since(n: number): number {
    const due = this.#due.get(n)
    if (!due) return 0
    due.waits--
    if (due.waits === 0) this.#due.delete(n)
    return performance.now() - due.at
  }
}
