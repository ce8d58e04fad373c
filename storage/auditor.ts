import type { EventReader, StoredEvent } from '../messaging/event-reader.ts'
import { type AuditEvent, isAuditEvent } from '../protocol/audit.ts'
import { fullJitter, pause } from '../runtime/backoff.ts'
import type { Logger } from '../runtime/logger.ts'
import type { AuditedLog } from './audited-log.ts'
import type { PurgeSamples } from './purge-samples.ts'
import type { DeadLetter } from './saved-message.ts'

/** One transaction. */
const EVENTS_A_BATCH = 500
/** How often the log is looked at when there was nothing new, ms. */
const IDLE_MS = 500
/** How often something may be found to purge, ms. */
const PURGE_EVERY_MS = 5000
/** Tries of one event, or of a batch, before it is put aside. */
export const ATTEMPTS = 5
const RETRY_BASE_MS = 50
const RETRY_CAP_MS = 2000

export interface AuditorOptions {
  readonly audited: AuditedLog
  readonly reader: EventReader
  readonly logger: Logger
  readonly purges: Pick<PurgeSamples, 'due'>
}

/** An event, or what was stored as one and is none. */
type Read = { readonly seq: number } & ({ readonly event: AuditEvent } | { readonly letter: DeadLetter })

/**
 * Carries the log's events into the audit's table, behind the saver: a log that went back is moved on before there can
 * be events of it. Any number may run; of two with the same events one finds the position moved and reads on from
 * there.
 *
 * An event that cannot be kept is tried ATTEMPTS times and then goes to the dead letters. While the database or the log
 * is away nothing is put aside, however long that takes.
 */
export class Auditor {
  readonly #audited: AuditedLog
  readonly #reader: EventReader
  readonly #logger: Logger
  readonly #purges: Pick<PurgeSamples, 'due'>
  /** performance.now() */
  #purgedAt = Number.NEGATIVE_INFINITY
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined

  constructor({ audited, reader, logger, purges }: AuditorOptions) {
    this.#audited = audited
    this.#reader = reader
    this.#logger = logger
    this.#purges = purges
  }

  /** Audits until `stop`. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#run()
    return this.#running
  }

  /** Finishes the batch in hand. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted; ) {
      let pauseMs = 0
      try {
        if (!(await this.#step())) pauseMs = IDLE_MS
        failures = 0
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        this.#logger.warn({ err: error }, 'the auditor lost the log or the database')
        pauseMs = fullJitter(failures, RETRY_BASE_MS, RETRY_CAP_MS)
        failures += 1
      }
      await pause(pauseMs, this.#stopping.signal)
    }
  }

  /** False when there was nothing to do. */
  async #step(): Promise<boolean> {
    const { audited, saved } = await this.#audited.position()
    await this.#purge(audited)
    const found = await this.#reader.events(audited + 1, EVENTS_A_BATCH)
    const batch = found.filter(({ seq }) => seq <= saved).map(readOf)
    if (batch.length === 0) return false
    await this.#keep(audited, batch)
    return true
  }

  async #purge(audited: number): Promise<void> {
    if (performance.now() - this.#purgedAt < PURGE_EVERY_MS) return
    this.#purgedAt = performance.now()
    const upTo = await this.#purges.due(audited)
    if (upTo !== undefined) await this.#reader.purgeEvents(upTo)
  }

  /** All together, or when that fails again and again one by one: that shows whether it is one of them. */
  async #keep(from: number, batch: readonly Read[]): Promise<void> {
    try {
      await this.#tryToSave(from, batch)
    } catch (error) {
      if (this.#stopping.signal.aborted) throw error
      this.#logger.warn(
        { err: error, events: batch.length },
        'audit events are refused; trying them one by one',
      )
      let position = from
      for (const read of batch) {
        if (!(await this.#keepOne(position, read))) return
        position = read.seq
      }
    }
  }

  /** Rejects when not even the dead letters take it, which means that the database is away. */
  async #keepOne(from: number, read: Read): Promise<boolean> {
    try {
      return await this.#tryToSave(from, [read])
    } catch (error) {
      // Not tried often enough to know.
      if (this.#stopping.signal.aborted) throw error
      const letter = 'event' in read ? letterOf(read.seq, JSON.stringify(read.event), error) : read.letter
      return this.#save(from, [{ seq: read.seq, letter }])
    }
  }

  async #tryToSave(from: number, batch: readonly Read[]): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#save(from, batch)
      } catch (error) {
        if (attempt + 1 >= ATTEMPTS || this.#stopping.signal.aborted) throw error
        await pause(fullJitter(attempt, RETRY_BASE_MS, RETRY_CAP_MS), this.#stopping.signal)
      }
    }
  }

  /** False when another auditor was faster; a commit whose answer was lost shows so, too. */
  async #save(from: number, batch: readonly Read[]): Promise<boolean> {
    const events = batch.flatMap(read => ('event' in read ? read.event : []))
    const letters = batch.flatMap(read => ('letter' in read ? read.letter : []))
    if (!(await this.#audited.save(from, batch.at(-1)?.seq ?? from, events, letters))) return false
    for (const { seq, detail } of letters)
      this.#logger.error({ seq, detail }, 'an audit event cannot be kept')
    return true
  }
}

function readOf({ seq, payload }: StoredEvent): Read {
  const text = Buffer.from(payload).toString()
  try {
    const event: unknown = JSON.parse(text)
    if (isAuditEvent(event)) return { seq, event }
    return { seq, letter: letterOf(seq, payload, new Error('not an audit event')) }
  } catch (error) {
    return { seq, letter: letterOf(seq, payload, error) }
  }
}

const letterOf = (seq: number, payload: Uint8Array | string, error: unknown): DeadLetter => ({
  seq,
  subject: 'im.event',
  detail: error instanceof Error ? error.message : String(error),
  payload: Buffer.from(payload),
})
