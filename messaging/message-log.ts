import type { Entry } from '../protocol/entries.ts'
import type { Feed, Owner } from '../protocol/ids.ts'

/**
 * The one log. Everything a client is told `accepted` is in it.
 *
 * Guarantees, on every adapter:
 * - `seq` only grows, over all feeds; what was appended with an answer is never lost, changed or moved;
 * - an append whose fence is not the owner's last claim is refused with Superseded and leaves no trace;
 * - a dedupe id names one entry: a repeat is answered with the first entry's seq and `duplicate`, for at least
 *   seven minutes after it (comparing the two is the caller's part);
 * - a follower sees every entry of its feed that was stored after `follow` resolved, once, in order and without
 *   gaps, as late as ten seconds after a fault; whether it is saved is the watermark's word;
 * - `read` sees every entry whose append was answered or that a follower has seen.
 *
 * An owner has one claim or append under way at a time; callers see to it (an actor's turns do).
 * LogUnavailable means the outcome is unknown: repeat the same call before any other of that owner.
 */
export interface MessageLog {
  /** Whether what is appended is saved as well; elsewhere a saver follows. */
  readonly savesOnAppend: boolean
  /** As fresh as an append. */
  lastClaim(owner: Owner): Promise<Claim | undefined>
  /**
   * Whether the owner's last claim is `token`'s; as fresh as an append. For those who have been in doubt, as all of a
   * host are at once: what many ask goes together as one question.
   */
  isHeld(owner: Owner, token: string): Promise<boolean>
  /** Takes or renews ownership; `expected` is the epoch of the last claim known (0: none). Answers the new epoch. */
  claim(owner: Owner, claim: NewClaim, expected: number): Promise<number>
  /** Calls back when somebody else's claim follows `token`'s. */
  watchClaims(owner: Owner, token: string, onSuperseded: () => void): LogSubscription
  /** Appends in order. What follows a refused entry in the list is not tried. */
  append(fence: Fence, entries: readonly NewEntry[]): Promise<readonly Appended[]>
  follow(feed: Feed, handler: (entry: LogEntry) => void): LogSubscription
  /** Resolves when every subscription made so far is in force. */
  flush(): Promise<void>
  /** Up to `limit` entries of a feed with seq > `after`, in order, that the log still holds. */
  read(feed: Feed, after: number, limit: number): Promise<readonly LogEntry[]>
  /** The entry with this seq, as far as the log still holds it. */
  entry(seq: number): Promise<LogEntry | undefined>
}

export interface NewClaim {
  /** Names the activation; no two ever use the same. */
  readonly token: string
  /** Durable with the claim: a user's route. A JSON value. */
  readonly body: unknown
}

export interface Claim extends NewClaim {
  readonly epoch: number
}

export interface Fence {
  readonly owner: Owner
  readonly epoch: number
}

export interface NewEntry {
  readonly feed: Feed
  /** `<sender>:<clientMsgId>` for messages. */
  readonly dedupeId: string
  readonly entry: Entry
}

export interface LogEntry {
  readonly seq: number
  readonly feed: Feed
  readonly entry: Entry
  /** Its sender or an admin has taken the message back, and the database knows: nobody is shown the body any more. */
  readonly revoked?: true
}

export interface Appended {
  readonly seq: number
  readonly duplicate: boolean
}

export interface LogSubscription {
  stop(): void
}

/** The fence is not the owner's last claim: this activation has been superseded. Nothing was written. */
export class Superseded extends Error {
  constructor(owner: Owner) {
    super(`a newer claim of ${owner} exists`)
    this.name = 'Superseded'
  }
}

/** Not stored, or not known to be stored, within the time allowed. */
export class LogUnavailable extends Error {
  constructor(detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.name = 'LogUnavailable'
  }
}

/** A gate is closed (too much unsaved, or unsaved for too long): nothing was written. */
export class LogBusy extends Error {
  constructor(detail: string) {
    super(detail)
    this.name = 'LogBusy'
  }
}
