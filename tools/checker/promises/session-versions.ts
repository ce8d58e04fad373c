import type { LoginLine } from '../history.ts'
import type { Judge } from '../judge.ts'
import type { Ledger } from '../ledger.ts'
import type { Findings } from '../violation.ts'

interface Confirmed {
  readonly sv: number
  readonly line: number
}

/** A user's session version never decreases: of two logins that don't overlap, the later has at least the earlier's. */
export class SessionVersions implements Judge {
  readonly #ledger: Ledger
  readonly #findings: Findings
  readonly #highest = new Map<string, Confirmed>()
  /** What was confirmed to the user when a login that is under way was asked for. */
  readonly #floors = new Map<string, Confirmed>()

  constructor(ledger: Ledger, findings: Findings) {
    this.#ledger = ledger
    this.#findings = findings
  }

  login(line: LoginLine, at: number): void {
    const { user } = line
    const key = `${user} ${line.conn}`
    const highest = this.#highest.get(user)
    if (line.type === 'invoke' && highest) this.#floors.set(key, highest)
    if (line.type !== 'ok') return
    const floor = this.#floors.get(key)
    this.#floors.delete(key)
    if (floor && line.sv < floor.sv) {
      const sentence = `${user} was logged in on ${line.conn} with session version ${line.sv} ${this.#ledger.when(at)}, after session version ${floor.sv} ${this.#ledger.when(floor.line)}`
      this.#findings.add('session-version', at, sentence, [floor.line])
    }
    if (line.sv > (highest?.sv ?? -1)) this.#highest.set(user, { sv: line.sv, line: at })
  }
}
