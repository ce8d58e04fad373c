import type { Msg } from 'nats'
import type { Owner } from '../protocol/ids.ts'
import { Batches } from '../runtime/batches.ts'
import type { Logger } from '../runtime/logger.ts'
import { SharedRun } from '../runtime/shared-run.ts'
import { type Claim, LogBusy, type LogSubscription, type NewClaim, Superseded } from './message-log.ts'
import { isRefusal, store, WRONG_LAST_SEQUENCE } from './nats-append.ts'
import { jsonOf, rawHeaders, textOf } from './nats-bytes.ts'
import type { Compared } from './nats-comparison.ts'
import { seqOf } from './nats-headers.ts'
import type { LogParts } from './nats-log-parts.ts'
import {
  live,
  nameOf,
  type StoredMessage,
  StreamRefusal,
  SUBJECTS_A_QUESTION,
  stored,
} from './nats-stream.ts'

interface Watcher {
  readonly owner: Owner
  readonly token: string
  readonly onSuperseded: () => void
  /** The log is to be asked: the subscription is new or was lost, or a claim with this seq was seen. */
  doubt: { readonly seq: number } | undefined
  stop: () => void
}

/**
 * Ownership claims: one subject for each owner, which holds the last claim only.
 *
 * Doubts come in crowds: after a disconnection or a stall about every claim held here. So one question is under way at a time, for all that is in doubt by then, and what comes
 * meanwhile waits for the next: the work of a doubt does not grow with how often it is doubted or confirmed.
 */
export class NatsClaims implements Compared {
  readonly #parts: LogParts
  readonly #logger: Logger
  readonly #watchers = new Set<Watcher>()
  readonly #questions = new Batches<Owner, Claim>(owners => this.#ask(owners), {
    size: SUBJECTS_A_QUESTION,
    atOnce: 1,
  })
  readonly #confirming = new SharedRun(() => this.#confirm())

  constructor(parts: LogParts, logger: Logger) {
    this.#parts = parts
    this.#logger = logger
  }

  async last(owner: Owner): Promise<Claim | undefined> {
    const { stream, retries } = this.#parts
    const message = await retries.run(`last claim of ${owner}`, () => stream.last(stored(owner)))
    return message && claimOf(message)
  }

  async isHeld(owner: Owner, token: string): Promise<boolean> {
    return (await this.#questions.get(owner))?.token === token
  }

  /**
   * A repeat after an unknown outcome finds its first attempt as the last claim, and takes that as its own. An
   * earlier claim of the same token whose outcome was never settled is renewed.
   */
  claim(owner: Owner, { token, body }: NewClaim, expected: number): Promise<number> {
    const { connection, stream, retries, head, gate } = this.#parts
    const payload = JSON.stringify({ token, body })
    const floor = head.floor
    let before = expected
    const attempt = async () => {
      if (!head.current) await head.admit()
      try {
        const { seq } = await store(connection, stored(owner), payload, claimHeaders(before))
        if (seq <= floor) {
          head.wentBack(seq, floor)
          throw new LogBusy(`the log has gone back: a claim was given ${seq} after ${floor} had been`)
        }
        gate.saw(seq)
        return seq
      } catch (error) {
        if (!isRefusal(error, WRONG_LAST_SEQUENCE)) throw error
        const last = await stream.last(stored(owner))
        if (!last || claimOf(last).token !== token) throw new Superseded(owner)
        if (last.seq !== before && payload === textOf(last.payload)) return last.seq
        before = last.seq
        throw error
      }
    }
    return retries.run(`claim of ${owner}`, attempt, true)
  }

  watch(owner: Owner, token: string, onSuperseded: () => void): LogSubscription {
    const watcher: Watcher = { owner, token, onSuperseded, doubt: { seq: 0 }, stop: () => {} }
    const subscription = this.#parts.connection.subscribe(live(owner), msg => this.#receive(watcher, msg))
    watcher.stop = () => {
      if (this.#watchers.delete(watcher)) subscription.unsubscribe()
    }
    this.#watchers.add(watcher)
    return { stop: watcher.stop }
  }

  /** After a disconnection claims may have been missed. */
  doubtAll(): void {
    for (const watcher of this.#watchers) watcher.doubt ??= { seq: 0 }
  }

  /** Where the watched owners' claims are stored. */
  subjects(): string[] {
    return [...this.#watchers].map(({ owner }) => stored(owner))
  }

  /** Claims with these seqs exist: most likely a holder's own; the log is asked when they are confirmed. */
  found(seqs: ReadonlyMap<string, number>): void {
    for (const watcher of this.#watchers) {
      const seq = seqs.get(stored(watcher.owner))
      if (seq !== undefined) watcher.doubt ??= { seq }
    }
  }

  /**
   * Asks for every claim in doubt and tells those whose claim is not the last any more. False when none is, and nothing
   * was asked.
   */
  confirm(): Promise<boolean> {
    return this.#confirming.run()
  }

  async #confirm(): Promise<boolean> {
    const doubted = [...this.#watchers].filter(watcher => watcher.doubt)
    await Promise.all(doubted.map(watcher => this.#settle(watcher)))
    return doubted.length > 0
  }

  #receive(watcher: Watcher, msg: Msg): void {
    if ((jsonOf(msg.data) as NewClaim).token === watcher.token) return
    // It may be an older claim that comes late; the log knows.
    watcher.doubt = { seq: Math.max(seqOf(msg), watcher.doubt?.seq ?? 0) }
    this.#settle(watcher).catch(error => {
      this.#logger.warn({ err: error, owner: watcher.owner }, 'a claim is in doubt and is asked for again')
    })
  }

  async #settle(watcher: Watcher): Promise<void> {
    const last = await this.#questions.get(watcher.owner)
    if (!this.#watchers.has(watcher) || !watcher.doubt) return
    if (last?.token === watcher.token) {
      if (last.epoch >= watcher.doubt.seq) watcher.doubt = undefined
      return
    }
    watcher.stop()
    watcher.onSuperseded()
  }

  /** Last claims, as fresh as an append. */
  async #ask(owners: readonly Owner[]): Promise<ReadonlyMap<Owner, Claim>> {
    const [only] = owners
    if (only === undefined || owners.length > 1) return await this.#askTogether(owners)
    const last = await this.last(only)
    return new Map(last && [[only, last]])
  }

  /** From any replica that has got as far as the leader. */
  #askTogether(owners: readonly Owner[]): Promise<ReadonlyMap<Owner, Claim>> {
    const { stream, retries } = this.#parts
    return retries.run(`last claims of ${owners.length} owners`, async () => {
      const head = await stream.last('>')
      if (!head) return new Map()
      const found = await stream.lastMessages(owners.map(stored), head)
      // The head is gone again: the next attempt has another.
      if (!found) throw new StreamRefusal(0, 'no replica has shown the last claims')
      const wanted = new Set(owners)
      return new Map(
        [...found].flatMap(([subject, message]) => {
          const owner = nameOf(subject)
          return wanted.has(owner) ? [[owner, claimOf(message)]] : []
        }),
      )
    })
  }
}

const claimHeaders = (expected: number) =>
  rawHeaders([
    ['Nats-Expected-Last-Subject-Sequence', expected],
    ['Nats-Rollup', 'sub'],
    ['Nats-TTL', 'never'],
  ])

const claimOf = ({ seq, payload }: StoredMessage): Claim => ({ ...(jsonOf(payload) as NewClaim), epoch: seq })
