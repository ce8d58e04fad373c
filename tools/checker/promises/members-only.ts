import { type Audience, audienceOf } from '../groups/audiences.ts'
import { type Change, stayFrom } from '../groups/changes.ts'
import { isWithin } from '../groups/spans.ts'
import type { NoticeLine, RecvLine, SendLine } from '../history.ts'
import type { Judge } from '../judge.ts'
import { describe, describeNotice, type Ledger } from '../ledger.ts'
import type { Message } from '../messages.ts'
import type { Findings } from '../violation.ts'

interface Received {
  readonly line: RecvLine | NoticeLine
  readonly what: () => string
  readonly invoked: number | undefined
  readonly at: number
}

interface RefusedSend {
  readonly message: Message
  readonly invoked: number
  readonly at: number
}

const NOT_A_MEMBER = 'not_group_member'

/**
 * A group is its members' alone: nothing of it reaches anybody who for certain was not in where it lies, nobody speaks
 * who for certain was not in there, and nobody is refused as a stranger who was in all the while.
 */
export class MembersOnly implements Judge {
  readonly #ledger: Ledger
  readonly #findings: Findings
  /** By conversation and user. */
  readonly #received = new Map<string, Received[]>()
  readonly #refused: RefusedSend[] = []
  /** Of sends to groups, by message index: where they were invoked last. */
  readonly #invoked: number[] = []

  constructor(ledger: Ledger, findings: Findings) {
    this.#ledger = ledger
    this.#findings = findings
  }

  send(line: SendLine, message: Message, at: number): void {
    if (message.conv.sides) return
    if (line.type === 'invoke') this.#invoked[message.index] = at
    if (line.type !== 'fail' || line.reason !== NOT_A_MEMBER) return
    this.#refused.push({ message, invoked: this.#invoked[message.index] ?? at, at })
  }

  recv(line: RecvLine, message: Message, at: number): void {
    if (message.conv.sides) return
    const { invoked } = message
    if (line.user === line.from) {
      const sentence = `${line.user} received ${describe(message)} ${this.#ledger.when(at)}, which was the user's own`
      this.#findings.add('misdelivered', at, sentence, [invoked])
    }
    this.#note({ line, what: () => describe(message), invoked, at })
  }

  notice(line: NoticeLine, _notice: unknown, at: number): void {
    this.#note({ line, what: () => describeNotice(line), invoked: undefined, at })
  }

  end(): void {
    for (const received of this.#received.values()) this.#judgeReceived(received)
    this.#judgeAccepted()
    for (const refused of this.#refused) this.#judgeRefused(refused)
  }

  #note(received: Received): void {
    const { user, conv } = received.line
    const key = `${conv} ${user}`
    const list = this.#received.get(key)
    if (list) list.push(received)
    else this.#received.set(key, [received])
  }

  #judgeReceived(received: readonly Received[]): void {
    const [first] = received
    const audience = first && this.#audience(first.line.conv, first.line.user)
    if (!audience) return
    for (const { line, what, invoked, at } of received) {
      if (isWithin(audience.possible, line.seq)) continue
      const sentence = `${what()} was delivered to ${line.user} ${this.#ledger.when(at)}, who was no member there`
      this.#findings.add('delivered-to-non-member', at, sentence, [invoked])
    }
  }

  #judgeAccepted(): void {
    const audiences = new Map<string, Audience | undefined>()
    for (const message of this.#ledger.messages.all) {
      const { conv, from, seq, acknowledged, invoked } = message
      if (conv.sides || seq === undefined || acknowledged === undefined) continue
      const key = `${conv.name} ${from}`
      if (!audiences.has(key)) audiences.set(key, this.#audience(conv.name, from))
      const audience = audiences.get(key)
      if (!audience || isWithin(audience.possible, seq)) continue
      const sentence = `${describe(message)} was accepted ${this.#ledger.when(acknowledged)}, although ${from} was no member there`
      this.#findings.add('accepted-from-non-member', acknowledged, sentence, [invoked])
    }
  }

  #judgeRefused({ message, invoked, at }: RefusedSend): void {
    const group = this.#ledger.groups.get(message.conv.name)
    const changes = group?.changesOf(message.from, line => this.#ledger.ceilingOf(line)) ?? []
    const stay = stayFrom(changes, [invoked, at], (change: Change) => change.ended)
    if (!stay) return
    const sentence = `${describe(message)}, sent ${this.#ledger.when(invoked)}, was refused ${this.#ledger.when(at)} because ${message.from} was no member, who was one since ${this.#ledger.when(stay.ended)}`
    this.#findings.add('member-refused', at, sentence, [stay.ended, invoked])
  }

  #audience(conv: string, user: string): Audience | undefined {
    const group = this.#ledger.groups.get(conv)
    return group && audienceOf(this.#ledger, group, user)
  }
}
