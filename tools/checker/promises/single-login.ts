import type { RecvLine, SendLine } from '../history.ts'
import type { Judge } from '../judge.ts'
import { describe, type Ledger } from '../ledger.ts'
import type { Message } from '../messages.ts'
import type { Findings } from '../violation.ts'

/**
 * After a login on B nothing reaches A: what is invoked once B is confirmed is neither accepted from nor delivered
 * to an older connection of the user. What was invoked before may still be under way there.
 */
export class SingleLogin implements Judge {
  readonly #ledger: Ledger
  readonly #findings: Findings

  constructor(ledger: Ledger, findings: Findings) {
    this.#ledger = ledger
    this.#findings = findings
  }

  send(line: SendLine, message: Message, at: number): void {
    if (line.type === 'ok') this.#judge('accepted-on-old-connection', line.from, line.conn, message, at)
  }

  recv(line: RecvLine, message: Message, at: number): void {
    this.#judge('delivered-to-old-connection', line.user, line.conn, message, at)
  }

  #judge(
    kind: 'accepted-on-old-connection' | 'delivered-to-old-connection',
    user: string,
    conn: string,
    message: Message,
    at: number,
  ): void {
    const replaced = this.#ledger.connections.get(user, conn)?.replaced
    const { invoked } = message
    if (!replaced || invoked === undefined || invoked < replaced.at) return
    const how = kind === 'accepted-on-old-connection' ? 'accepted from' : 'delivered to'
    const sentence = `${describe(message)}, sent ${this.#ledger.when(invoked)}, was ${how} ${user}'s connection ${conn} ${this.#ledger.when(at)}, although ${replaced.by} had taken its place ${this.#ledger.when(replaced.at)}`
    this.#findings.add(kind, at, sentence, [replaced.at, invoked])
  }
}
