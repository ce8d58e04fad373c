import type { Logger } from '../runtime/logger.ts'
import { SharedRun } from '../runtime/shared-run.ts'
import { LogBusy } from './message-log.ts'
import type { NatsConnection } from './nats-connection.ts'
import type { NatsGate } from './nats-gate.ts'
import type { NatsStream, StoredMessage } from './nats-stream.ts'
import type { Watermark } from './watermark.ts'

/** Where a process tells savers the highest seq it has seen of a log that went back. */
export const WENT_BACK = 'log.went-back'

export interface WentBackNotice {
  readonly seen: number
}

/**
 * unknown: since the start or a reconnection nobody has looked whether the log is the one it was.
 * behind: its last seq is below what this process has seen or a saver has saved: a restored or lost stream, to
 * which nobody may append, as its next seqs have already been given.
 */
type HeadState = 'unknown' | 'current' | 'behind'

/** What this process knows of the log's end, and whether that has gone back. */
export class NatsHead {
  readonly #stream: NatsStream
  readonly #connection: NatsConnection
  readonly #gate: NatsGate
  readonly #watermark: Watermark
  readonly #logger: Logger
  readonly #onMoved: () => void
  #state: HeadState = 'unknown'
  readonly #checking = new SharedRun(() => this.#check())

  /** `onMoved` is called when a log that had gone back has been moved on: then it holds no claims any more. */
  constructor(
    parts: { stream: NatsStream; connection: NatsConnection; gate: NatsGate; watermark: Watermark },
    logger: Logger,
    onMoved: () => void,
  ) {
    this.#stream = parts.stream
    this.#connection = parts.connection
    this.#gate = parts.gate
    this.#watermark = parts.watermark
    this.#logger = logger
    this.#onMoved = onMoved
  }

  get current(): boolean {
    return this.#state === 'current'
  }

  get behind(): boolean {
    return this.#state === 'behind'
  }

  /** What any entry stored from now on must have a seq above. */
  get floor(): number {
    return Math.max(this.#gate.seen, this.#watermark.position)
  }

  connectionLost(): void {
    if (this.#state === 'current') this.#state = 'unknown'
  }

  /** Throws LogBusy while the log is behind; asks it first where that is not known. */
  async admit(): Promise<void> {
    if (this.#state === 'unknown') await this.check()
    if (this.#state === 'behind') throw new LogBusy('the log has gone back and has not been moved on yet')
  }

  /** Asks the leader for its last message; undefined when it has none. Answers what is so after the call. */
  check(): Promise<StoredMessage | undefined> {
    return this.#checking.run()
  }

  /** An append was answered with a seq that had been given before. */
  wentBack(seq: number, floor: number): void {
    this.#setBehind(seq, floor)
  }

  async #check(): Promise<StoredMessage | undefined> {
    const floor = this.floor
    const last = await this.#stream.last('>')
    const lastSeq = last && last.seq >= floor ? last.seq : await this.#stream.lastSeq()
    if (lastSeq < floor) {
      this.#setBehind(lastSeq, floor)
      return last
    }
    const moved = this.#state === 'behind'
    this.#state = 'current'
    this.#gate.saw(lastSeq)
    if (moved) {
      this.#logger.warn({ lastSeq }, 'the log has been moved on; all owners claim again')
      this.#onMoved()
    }
    return last
  }

  #setBehind(lastSeq: number, floor: number): void {
    if (this.#state !== 'behind') {
      this.#logger.error(
        { lastSeq, floor },
        'the log has gone back: nothing is appended until it is moved on',
      )
    }
    this.#state = 'behind'
    this.#connection.publish(WENT_BACK, JSON.stringify({ seen: floor } satisfies WentBackNotice))
  }
}
