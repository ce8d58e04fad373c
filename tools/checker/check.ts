import type { FaultLine, HistoryLine } from './history.ts'
import type { Judge, JudgeClass, JudgeOptions } from './judge.ts'
import { Ledger } from './ledger.ts'
import { ExactlyOnceInOrder } from './promises/exactly-once-in-order.ts'
import { GroupNoLoss } from './promises/group-no-loss.ts'
import { GroupNotices } from './promises/group-notices.ts'
import { GroupUnread } from './promises/group-unread.ts'
import { MembersOnly } from './promises/members-only.ts'
import { NoLoss } from './promises/no-loss.ts'
import { OneIdPerSeq } from './promises/one-id-per-seq.ts'
import { OnlyWhatWasSent } from './promises/only-what-was-sent.ts'
import { PresenceTruth } from './promises/presence-truth.ts'
import { RealTimeOrder } from './promises/real-time-order.ts'
import { SendOrder } from './promises/send-order.ts'
import { SessionVersions } from './promises/session-versions.ts'
import { SingleLogin } from './promises/single-login.ts'
import { UnreadBounds } from './promises/unread-bounds.ts'
import { Findings, type Violation, type ViolationKind } from './violation.ts'

const judges: readonly JudgeClass[] = [
  NoLoss,
  GroupNoLoss,
  ExactlyOnceInOrder,
  OnlyWhatWasSent,
  MembersOnly,
  GroupNotices,
  OneIdPerSeq,
  RealTimeOrder,
  SendOrder,
  SingleLogin,
  SessionVersions,
  UnreadBounds,
  PresenceTruth,
  GroupUnread,
]

export interface Tally {
  lines: number
  /** What was invoked and what was received. */
  operations: number
  /** Different messages that were invoked. */
  sent: number
  acknowledged: number
  received: number
  /** Repeats on the wire that the clients kept from their users. */
  duplicates: number
}

export interface Verdict {
  /** In the order of the history, at most 100 of a kind; none when it is clean. */
  readonly violations: readonly Violation[]
  /** Of all violations. */
  readonly counts: ReadonlyMap<ViolationKind, number>
  /** What could not be judged, in words. */
  readonly notes: readonly string[]
  /** In the order of the history. */
  readonly faults: readonly FaultLine[]
  readonly tally: Readonly<Tally>
}

/**
 * Judges a history in one pass; throws Unreadable where it contradicts itself. It remembers each message, not each
 * line: about 0.3 KB a message.
 */
export function check(history: Iterable<HistoryLine>, options: JudgeOptions = {}): Verdict {
  const pass = new Pass(options)
  for (const line of history) pass.see(line)
  return pass.end()
}

class Pass {
  readonly #ledger = new Ledger()
  readonly #findings = new Findings(this.#ledger)
  readonly #judges: readonly Judge[]
  readonly #faults: FaultLine[] = []
  readonly #tally = { operations: 0, received: 0, duplicates: 0 }

  constructor(options: JudgeOptions) {
    this.#judges = judges.map(Class => new Class(this.#ledger, this.#findings, options))
  }

  see(line: HistoryLine): void {
    const at = this.#ledger.tick(line.t)
    if (line.type === 'invoke') this.#tally.operations += 1
    switch (line.f) {
      case 'send': {
        const message = this.#ledger.messages.send(line, at)
        if (line.type === 'ok') this.#ledger.noteStored(line.seq)
        for (const judge of this.#judges) judge.send?.(line, message, at)
        return
      }
      case 'recv': {
        this.#tally.operations += 1
        this.#tally.received += 1
        const message = this.#ledger.recv(line, at)
        for (const judge of this.#judges) judge.recv?.(line, message, at)
        return
      }
      case 'login':
        this.#ledger.connections.login(line, at)
        for (const judge of this.#judges) judge.login?.(line, at)
        return
      case 'read':
        for (const judge of this.#judges) judge.read?.(line, at)
        return
      case 'unread':
        for (const judge of this.#judges) judge.unread?.(line, at)
        return
      case 'status':
        for (const judge of this.#judges) judge.status?.(line, at)
        return
      case 'presence':
        for (const judge of this.#judges) judge.presence?.(line, at)
        return
      case 'quiet':
        this.#ledger.quietAt(at)
        for (const judge of this.#judges) judge.quiet?.(at)
        return
      case 'fault':
        this.#faults.push(line)
        return
      case 'dup':
        this.#tally.duplicates += 1
        return
      case 'join':
      case 'leave':
      case 'remove': {
        const attempt = this.#ledger.groups.change(line, this.#ledger.highest, at)
        for (const judge of this.#judges) judge.change?.(line, attempt, at)
        return
      }
      case 'notice': {
        this.#tally.operations += 1
        const notice = this.#ledger.notice(line, at)
        for (const judge of this.#judges) judge.notice?.(line, notice, at)
        return
      }
      default:
        line satisfies never
    }
  }

  end(): Verdict {
    for (const judge of this.#judges) judge.end?.()
    const sent = this.#ledger.messages.all.filter(({ attempts }) => attempts > 0)
    const acknowledged = sent.filter(message => message.acknowledged !== undefined)
    return {
      violations: this.#findings.violations(),
      counts: this.#findings.counts,
      notes: this.#findings.notes,
      faults: this.#faults,
      tally: {
        ...this.#tally,
        lines: this.#ledger.lines,
        sent: sent.length,
        acknowledged: acknowledged.length,
      },
    }
  }
}
