import { DatabaseSync } from 'node:sqlite'
import type { Bus } from '../messaging/bus.ts'
import {
  type Appended,
  type Claim,
  type Fence,
  type LogEntry,
  type LogSubscription,
  LogUnavailable,
  type MessageLog,
  type NewClaim,
  type NewEntry,
} from '../messaging/message-log.ts'
import { subjects } from '../messaging/subjects.ts'
import type { WatermarkNotice } from '../messaging/watermark.ts'
import type { Feed, Owner } from '../protocol/ids.ts'
import type { Logger } from '../runtime/logger.ts'
import { ClaimWatchers } from './claim-watchers.ts'
import { FeedFollowers } from './feed-followers.ts'
import { SqlLogStatements } from './sql-log-statements.ts'
import { applyWrite, type Effects, type Write } from './sql-log-writes.ts'
import { isBusy, isOfDatabase } from './sqlite-errors.ts'

/** Entries of one commit: what more is waiting has its turn after what else the process has to do. */
const MAX_ENTRIES_A_COMMIT = 1000
/** How long a commit waits for another connection's write lock, in steps. */
const BUSY_RETRY_MS = 2
const BUSY_LIMIT_MS = 5000

export interface SqlLogOptions {
  /** How long a commit may wait for the lock of another writer. */
  readonly busyLimitMs?: number
  /** Between the end of a commit and the next: what comes meanwhile is committed together. Default 0. */
  readonly pauseMs?: number
}

/** How often the position is told when nothing is committed, for who has missed it, ms. */
const ANNOUNCE_INTERVAL_MS = 500
/** Pages of WAL before they are moved into the database file: fewer, larger moves cost half. */
const WAL_CHECKPOINT_PAGES = 10_000

/**
 * The log of a standalone server: the `message` table itself, on a connection of its own. What is asked for in one
 * turn of the event loop is committed together, and an entry is saved as soon as it is accepted.
 *
 * The commit blocks the thread, so nothing here may wait for a lock: the store's connection, whose transactions
 * last over several turns, could then never release it.
 */
export class SqlLog implements MessageLog {
  readonly savesOnAppend = true
  readonly #bus: Bus
  readonly #logger: Logger
  readonly #connection: DatabaseSync
  readonly #statements: SqlLogStatements
  readonly #followers: FeedFollowers
  readonly #watchers = new ClaimWatchers()
  #waiting: Write[] = []
  #scheduled = false
  readonly #announcing: NodeJS.Timeout
  readonly #busyLimitMs: number
  readonly #pauseMs: number
  #busySince = 0
  #pauseUntil = 0
  #position: number

  /** The file must have its tables. */
  constructor(path: string, bus: Bus, logger: Logger, options: SqlLogOptions = {}) {
    this.#busyLimitMs = options.busyLimitMs ?? BUSY_LIMIT_MS
    this.#pauseMs = options.pauseMs ?? 0
    this.#bus = bus
    this.#logger = logger
    this.#followers = new FeedFollowers(logger)
    this.#connection = new DatabaseSync(path, { timeout: 0 })
    this.#connection.exec('pragma journal_mode = wal')
    this.#connection.exec('pragma synchronous = full')
    this.#connection.exec(`pragma wal_autocheckpoint = ${WAL_CHECKPOINT_PAGES}`)
    this.#statements = new SqlLogStatements(this.#connection)
    this.#position = this.#statements.position()
    this.#announcing = setInterval(() => this.#announce(), ANNOUNCE_INTERVAL_MS).unref()
    this.#announce()
  }

  /** The last committed seq. */
  get position(): number {
    return this.#position
  }

  async lastClaim(owner: Owner): Promise<Claim | undefined> {
    return this.#statements.lastClaim(owner)
  }

  async isHeld(owner: Owner, token: string): Promise<boolean> {
    return this.#statements.lastClaim(owner)?.token === token
  }

  claim(owner: Owner, claim: NewClaim, expected: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#ask({ kind: 'claim', owner, claim, expected, resolve, reject })
    })
  }

  append(fence: Fence, entries: readonly NewEntry[]): Promise<readonly Appended[]> {
    return new Promise((resolve, reject) => {
      this.#ask({ kind: 'append', fence, entries, resolve, reject })
    })
  }

  watchClaims(owner: Owner, token: string, onSuperseded: () => void): LogSubscription {
    return this.#watchers.add(owner, token, this.#statements.lastClaim(owner)?.token === token, onSuperseded)
  }

  follow(feed: Feed, handler: (entry: LogEntry) => void): LogSubscription {
    return this.#followers.add(feed, handler)
  }

  async flush(): Promise<void> {}

  async read(feed: Feed, after: number, limit: number): Promise<readonly LogEntry[]> {
    return this.#statements.read(feed, after, limit)
  }

  async entry(seq: number): Promise<LogEntry | undefined> {
    return this.#statements.entry(seq)
  }

  /** Commits what was asked for, then closes. */
  async close(): Promise<void> {
    if (!this.#connection.isOpen) return
    while (this.#waiting.length > 0) {
      await new Promise(resolve => setImmediate(resolve))
    }
    clearInterval(this.#announcing)
    this.#connection.close()
  }

  #announce(): void {
    const notice: WatermarkNotice = { position: this.#position }
    this.#bus.publish(subjects.watermark, notice)
  }

  #ask(write: Write): void {
    if (!this.#connection.isOpen) {
      write.reject(new LogUnavailable('the log is closed'))
      return
    }
    this.#waiting.push(write)
    this.#schedule()
  }

  /** After the turn's sockets have been read, so that all they brought is in one commit, and after the pause. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const waitMs = this.#pauseUntil - performance.now()
    if (waitMs > 0) setTimeout(this.#commit, waitMs)
    else setImmediate(this.#commit)
  }

  readonly #commit = (): void => {
    this.#scheduled = false
    const writes = this.#take()
    const effects: Effects = { entries: [], claims: [], answers: [] }
    try {
      this.#connection.exec('begin immediate')
    } catch (error) {
      if (isBusy(error) && this.#mayWait()) this.#postpone(writes)
      else this.#fail(writes, error)
      return
    }
    this.#busySince = 0
    try {
      for (const write of writes) applyWrite(this.#statements, write, effects)
      this.#connection.exec('commit')
    } catch (error) {
      this.#rollback()
      this.#fail(writes, error)
      return
    }
    this.#pauseUntil = performance.now() + this.#pauseMs
    this.#publish(effects)
    if (this.#waiting.length > 0) this.#schedule()
  }

  /** The watermark comes before the answers, so that who hears `accepted` knows it is saved. */
  #publish({ entries, claims, answers }: Effects): void {
    const last = entries.at(-1)
    if (last) {
      this.#position = last.seq
      this.#announce()
    }
    for (const entry of entries) this.#followers.tell(entry)
    for (const { owner, token } of claims) this.#watchers.claimed(owner, token)
    for (const answer of answers) answer()
  }

  #take(): Write[] {
    let entries = 0
    const enough = this.#waiting.findIndex(write => {
      entries += write.kind === 'append' ? write.entries.length : 1
      return entries > MAX_ENTRIES_A_COMMIT
    })
    return this.#waiting.splice(0, enough === -1 ? this.#waiting.length : Math.max(1, enough))
  }

  #mayWait(): boolean {
    this.#busySince ||= performance.now()
    return performance.now() - this.#busySince < this.#busyLimitMs
  }

  #postpone(writes: readonly Write[]): void {
    this.#waiting.unshift(...writes)
    this.#scheduled = true
    setTimeout(this.#commit, BUSY_RETRY_MS)
  }

  #fail(writes: readonly Write[], error: unknown): void {
    this.#busySince = 0
    this.#statements.forget()
    this.#logger.error({ err: error, writes: writes.length }, 'the log could not commit')
    const detail = isOfDatabase(error) ? 'the log’s database refused a commit' : 'a commit of the log failed'
    for (const write of writes) write.reject(new LogUnavailable(detail, { cause: error }))
    if (this.#waiting.length > 0) this.#schedule()
  }

  #rollback(): void {
    try {
      if (this.#connection.isTransaction) this.#connection.exec('rollback')
    } catch (error) {
      this.#logger.error({ err: error }, 'the log could not roll back')
    }
  }
}
