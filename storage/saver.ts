import type { Bus } from '../messaging/bus.ts'
import type { BatchLimits, LogReader, LogRecord } from '../messaging/log-reader.ts'
import { subjects } from '../messaging/subjects.ts'
import { delay, fullJitter } from '../runtime/backoff.ts'
import type { Logger } from '../runtime/logger.ts'
import { SeqTaken } from './message-insert.ts'
import { isCollision } from './mysql-errors.ts'
import type { PurgeSamples } from './purge-samples.ts'
import type { SavedLog, SaverPosition } from './saved-log.ts'
import type { DeadLetter } from './saved-message.ts'
import { noticeOf } from './saver-notice.ts'

/** One transaction. */
const LIMITS: BatchLimits = { maxRecords: 1000, maxBytes: 8_000_000 }
/** How often the position is told when nothing is saved, and how often a standing-by saver looks, ms. */
const TELL_INTERVAL_MS = 500
/** A saver that stands by takes over when the position has not moved for so long with something to save, ms. */
const TAKE_OVER_MS = 1000
/** How often an idle log is looked at for having gone back, and for something to purge, ms. */
const CHECK_INTERVAL_MS = 5000
/** The end of a log that went back is reached when nothing more has come for so long, ms. */
const TAIL_SILENCE_MS = 5000
const RETRY_BASE_MS = 50
const RETRY_CAP_MS = 5000

export interface SaverOptions {
  readonly saved: SavedLog
  readonly reader: LogReader
  readonly bus: Bus
  readonly logger: Logger
  readonly purges: Pick<PurgeSamples, 'due'>
  readonly takeOverMs?: number
}

/**
 * Carries the log into the database. Any number may run: all but one stand by, and should two be at it, the
 * position's row lets only one of them save each record.
 */
export class Saver {
  readonly #saved: SavedLog
  readonly #reader: LogReader
  readonly #bus: Bus
  readonly #logger: Logger
  readonly #takeOverMs: number
  readonly #purges: Pick<PurgeSamples, 'due'>
  readonly #stopping = new AbortController()
  #at: SaverPosition = { position: 0, lostAfter: 0, lostUpTo: 0 }
  #known = false
  /** The highest seq some process has seen of a log that has gone back since; 0 when there is no such word. */
  #seen = 0
  #interrupt = new AbortController()
  #running: Promise<void> | undefined

  constructor({ saved, reader, bus, logger, purges, takeOverMs = TAKE_OVER_MS }: SaverOptions) {
    this.#saved = saved
    this.#reader = reader
    this.#bus = bus
    this.#logger = logger
    this.#takeOverMs = takeOverMs
    this.#purges = purges
    reader.onWentBack(seen => this.#suspect(seen))
  }

  /** Saves until `stop`. Rejects with SeqTaken when the log and the database contradict each other. */
  run(): Promise<void> {
    this.#running ??= this.#run()
    return this.#running
  }

  /** Finishes the batch in hand. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#interrupt.abort()
    await this.#running?.catch(() => {})
  }

  async #run(): Promise<void> {
    const telling = setInterval(() => this.#tell(), TELL_INTERVAL_MS)
    const checking = setInterval(() => void this.#check(), CHECK_INTERVAL_MS)
    try {
      for (;;) {
        const outcome = await this.#persist('the saver lost the log or the database', () => this.#saveAll())
        if (outcome === 'outrun')
          await this.#persist('a saver that stands by sees nothing', () => this.#standBy())
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        this.#logger.fatal({ err: error, position: this.#at.position }, 'the saver stops')
        throw error
      }
    } finally {
      clearInterval(telling)
      clearInterval(checking)
    }
  }

  /** Repeats what fails, with full jitter; only a contradiction and the end of this saver end it. */
  async #persist<T>(complaint: string, work: () => Promise<T>): Promise<T> {
    let attempt = 0
    for (;;) {
      const before = this.#at.position
      try {
        return await work()
      } catch (error) {
        attempt = this.#at.position > before ? 0 : attempt + 1
        if (error instanceof SeqTaken || this.#stopping.signal.aborted) throw error
        // Two transactions that met are the databases' everyday life.
        if (!isCollision(error)) this.#logger.warn({ err: error, position: this.#at.position }, complaint)
        await delay(fullJitter(attempt, RETRY_BASE_MS, RETRY_CAP_MS), this.#stopping.signal)
      }
    }
  }

  /** Reads on from the position until another saver is faster or something makes it look at the log anew. */
  async #saveAll(): Promise<'outrun' | 'interrupted'> {
    this.#interrupt = new AbortController()
    await this.#readPosition()
    await this.#followBack()
    return this.#read(this.#interrupt.signal)
  }

  async #read(signal: AbortSignal): Promise<'outrun' | 'interrupted'> {
    const either = AbortSignal.any([signal, this.#stopping.signal])
    for await (const { records } of this.#reader.open(this.#at.position + 1, LIMITS, either)) {
      const outcome = await this.#persist('a batch could not be saved', () => this.#save(records))
      if (outcome === 'outrun') return 'outrun'
    }
    this.#stopping.signal.throwIfAborted()
    return 'interrupted'
  }

  /** A commit whose answer was lost shows as a position that has moved to where this batch ends. */
  async #save(batch: readonly LogRecord[]): Promise<'saved' | 'outrun'> {
    const { position } = this.#at
    const records = batch.filter(({ seq }) => seq > position)
    const upTo = records.at(-1)?.seq
    if (upTo === undefined) return 'saved'
    const outcome = await this.#saved.save(position, records)
    if (outcome === 'moved') {
      await this.#readPosition()
      return this.#at.position === upTo ? 'saved' : 'outrun'
    }
    this.#reach({ ...this.#at, position: upTo }, outcome)
    return 'saved'
  }

  /** Watches another saver's progress, at the price of two small questions a look. */
  async #standBy(): Promise<void> {
    let lastMove = performance.now()
    while (this.#seen === 0) {
      await delay(fullJitter(0, TELL_INTERVAL_MS, TELL_INTERVAL_MS), this.#stopping.signal)
      const before = this.#at.position
      await this.#readPosition()
      const { position } = this.#at
      const lastSeq = await this.#reader.lastSeq()
      if (lastSeq < position) return
      if (position > before || lastSeq === position) lastMove = performance.now()
      if (performance.now() - lastMove > this.#takeOverMs) return
    }
  }

  /**
   * The rule for a log that went back (restored or lost) behind what was saved or seen: first its tail is saved,
   * then it is moved beyond everything, so that no seq is given twice. The position moves first: whoever moves the
   * log after it, however late, removes nothing that is not saved.
   */
  async #followBack(): Promise<void> {
    const lastSeq = await this.#reader.lastSeq()
    const highest = Math.max(this.#at.position, this.#seen)
    if (lastSeq < highest) {
      this.#logger.error({ lastSeq, position: this.#at.position, seen: this.#seen }, 'the log went back')
      while (this.#at.position < highest) {
        if (this.#at.position < lastSeq) await this.#saveTail(lastSeq)
        await this.#saved.giveUp(this.#at.position, highest)
        await this.#readPosition()
      }
      await this.#reader.moveBeyond(this.#at.position)
      this.#logger.error({ position: this.#at.position }, 'the log has been moved beyond all that was seen')
    }
    this.#seen = 0
  }

  async #saveTail(lastSeq: number): Promise<void> {
    const silence = new AbortController()
    const timer = setTimeout(() => silence.abort(), TAIL_SILENCE_MS)
    try {
      const either = AbortSignal.any([silence.signal, this.#stopping.signal])
      for await (const { records } of this.#reader.open(this.#at.position + 1, LIMITS, either)) {
        timer.refresh()
        await this.#save(records)
        if (this.#at.position >= lastSeq) return
      }
    } finally {
      clearTimeout(timer)
    }
    this.#stopping.signal.throwIfAborted()
  }

  #suspect(seen: number): void {
    if (seen <= this.#seen) return
    this.#seen = seen
    this.#interrupt.abort()
  }

  async #check(): Promise<void> {
    try {
      const { position } = this.#at
      if (this.#known && (await this.#reader.lastSeq()) < position) this.#interrupt.abort()
      const upTo = this.#known ? await this.#purges.due(position) : undefined
      if (upTo !== undefined) await this.#reader.purgeSaved(upTo)
    } catch (error) {
      this.#logger.debug({ err: error }, 'the log could not be looked at')
    }
  }

  async #readPosition(): Promise<void> {
    this.#reach(await this.#saved.position(), [])
  }

  #reach(at: SaverPosition, dead: readonly DeadLetter[]): void {
    this.#at = at
    this.#known = true
    for (const { seq, subject, dedupeId, detail } of dead) {
      this.#logger.error({ seq, subject, dedupeId, detail }, 'an entry of the log cannot be saved')
    }
    this.#tell(dead)
  }

  #tell(dead: readonly DeadLetter[] = []): void {
    if (this.#known) this.#bus.publish(subjects.watermark, noticeOf(this.#at, dead))
  }
}
