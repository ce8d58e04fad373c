import type { LoginLine, PresenceLine, RecvLine, StatusLine } from '../history.ts'
import type { Judge } from '../judge.ts'
import type { Ledger } from '../ledger.ts'
import type { Findings } from '../violation.ts'

interface Told {
  readonly status: string
  readonly ts: number
  readonly at: number
  /** The two had written to each other by then. */
  readonly met: boolean
}

/** What a user's last connection was told, by whose presence it is. */
interface Watcher {
  conn: string
  readonly told: Map<string, Told>
}

/**
 * What a connection is told of somebody's presence is never undone by something older; and when all is quiet, what it
 * was told last is the truth: everybody is connected then, and is there as the client has said last. Users who only
 * were in a group together need not be told any more once one of them has left it.
 */
export class PresenceTruth implements Judge {
  readonly #ledger: Ledger
  readonly #findings: Findings
  readonly #said = new Map<string, { readonly status: string; readonly at: number }>()
  readonly #watchers = new Map<string, Watcher>()
  readonly #partners = new Map<string, Set<string>>()

  constructor(ledger: Ledger, findings: Findings) {
    this.#ledger = ledger
    this.#findings = findings
  }

  /** A client that begins anew knows nothing. */
  login({ type, user, conn }: LoginLine): void {
    if (type === 'ok') this.#begin(user, conn)
  }

  recv({ user, from, conv }: RecvLine): void {
    if (!conv.startsWith('direct:')) return
    this.#partnersOf(user).add(from)
    this.#partnersOf(from).add(user)
  }

  status({ user, status }: StatusLine, at: number): void {
    this.#said.set(user, { status, at })
  }

  presence({ user, conn, of, status, ts }: PresenceLine, at: number): void {
    const known = this.#watchers.get(user)
    // What comes to an earlier connection is late, and no business of the last one.
    if (known && known.conn !== conn) return
    const { told } = known ?? this.#begin(user, conn)
    const before = told.get(of)
    if (before && ts < before.ts && status !== before.status) {
      const sentence = `${user} was told ${this.#ledger.when(at)} that ${of} was ${status} from ${ts} on, after it had been told ${this.#ledger.when(before.at)} of ${before.status} from ${before.ts} on`
      this.#findings.add('presence-resurrected', at, sentence, [before.at])
    }
    told.set(of, { status, ts, at, met: this.#partnersOf(user).has(of) })
  }

  quiet(at: number): void {
    for (const [user, { told }] of this.#watchers) {
      for (const [of, last] of told) {
        const said = this.#said.get(of)
        const truth = said?.status ?? 'online'
        if (last.status === truth || !last.met) continue
        const sentence = `${user} was told last, ${this.#ledger.when(last.at)}, that ${of} was ${last.status}, but ${of} is ${truth}, as said ${this.#ledger.when(said?.at)}`
        this.#findings.add('presence-wrong', at, sentence, [last.at, said?.at])
      }
    }
  }

  #partnersOf(user: string): Set<string> {
    const known = this.#partners.get(user)
    if (known) return known
    const partners = new Set<string>()
    this.#partners.set(user, partners)
    return partners
  }

  #begin(user: string, conn: string): Watcher {
    const watcher: Watcher = { conn, told: new Map() }
    this.#watchers.set(user, watcher)
    return watcher
  }
}
