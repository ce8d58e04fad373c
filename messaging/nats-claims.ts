import type { Msg } from 'nats'
import type { Owner } from '../protocol/ids.ts'
import type { Logger } from '../runtime/logger.ts'
import {
  type Claim,
  type HeldClaim,
  LogBusy,
  type LogSubscription,
  type NewClaim,
  Superseded,
} from './message-log.ts'
import { isRefusal, store, WRONG_LAST_SEQUENCE } from './nats-append.ts'
import { jsonOf, rawHeaders } from './nats-bytes.ts'
import type { Compared } from './nats-comparison.ts'
import { seqOf } from './nats-headers.ts'
import type { LogParts } from './nats-log-parts.ts'
import { live, type StoredMessage, stored } from './nats-stream.ts'

interface Watcher {
  readonly owner: Owner
  readonly token: string
  readonly onSuperseded: () => void
  /** The log is to be asked: the subscription is new or was lost, or a claim with this seq was seen. */
  doubt: { readonly seq: number } | undefined
  stop: () => void
}

const ASKED_AT_ONCE = 256

/** Ownership claims: one subject for each owner, which holds the last claim only. */
export class NatsClaims implements Compared {
  readonly #parts: LogParts
  readonly #logger: Logger
  readonly #watchers = new Set<Watcher>()

  constructor(parts: LogParts, logger: Logger) {
    this.#parts = parts
    this.#logger = logger
  }

  async last(owner: Owner): Promise<Claim | undefined> {
    const { stream, retries } = this.#parts
    const message = await retries.run(`last claim of ${owner}`, () => stream.last(stored(owner)))
    return message && claimOf(message)
  }

  /**
   * A repeat after an unknown outcome finds its first attempt as the last claim, and takes that as its own. An
   * earlier claim of the same token whose outcome was never settled is renewed.
   */
  claim(owner: Owner, { token, body }: NewClaim, expected: number): Promise<number> {
    const { connection, stream, retries, head, gate } = this.#parts
    const payload = Buffer.from(JSON.stringify({ token, body }))
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
        if (last.seq !== before && payload.equals(last.payload)) return last.seq
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

  /** Asks the leader for every claim in doubt and tells those whose claim is not the last any more. */
  async confirm(): Promise<void> {
    const doubted = [...this.#watchers].filter(watcher => watcher.doubt)
    await inTurns(doubted, watcher => this.#ask(watcher))
  }

  /** Which of these claims are not the last of their owner any more. */
  async superseded(claims: readonly HeldClaim[]): Promise<readonly Owner[]> {
    const owners: Owner[] = []
    await inTurns(claims, async ({ owner, token }) => {
      if ((await this.last(owner))?.token !== token) owners.push(owner)
    })
    return owners
  }

  #receive(watcher: Watcher, msg: Msg): void {
    if ((jsonOf(msg.data) as NewClaim).token === watcher.token) return
    // It may be an older claim that comes late; the log knows.
    watcher.doubt = { seq: Math.max(seqOf(msg), watcher.doubt?.seq ?? 0) }
    this.#ask(watcher).catch(error => {
      this.#logger.warn({ err: error, owner: watcher.owner }, 'a claim is in doubt and is asked for again')
    })
  }

  async #ask(watcher: Watcher): Promise<void> {
    const last = await this.last(watcher.owner)
    if (!this.#watchers.has(watcher) || !watcher.doubt) return
    if (last?.token === watcher.token) {
      if (last.epoch >= watcher.doubt.seq) watcher.doubt = undefined
      return
    }
    watcher.stop()
    watcher.onSuperseded()
  }
}

const claimHeaders = (expected: number) =>
  rawHeaders([
    ['Nats-Expected-Last-Subject-Sequence', expected],
    ['Nats-Rollup', 'sub'],
    ['Nats-TTL', 'never'],
  ])

const claimOf = ({ seq, payload }: StoredMessage): Claim => ({ ...(jsonOf(payload) as NewClaim), epoch: seq })

async function inTurns<T>(items: readonly T[], each: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += ASKED_AT_ONCE) {
    await Promise.all(items.slice(from, from + ASKED_AT_ONCE).map(each))
  }
}
