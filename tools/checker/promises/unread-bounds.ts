import { peerIn } from '../conversations.ts'
import type { ReadLine, RecvLine, SendLine, UnreadLine } from '../history.ts'
import type { Judge, JudgeOptions } from '../judge.ts'
import type { Ledger } from '../ledger.ts'
import type { Message } from '../messages.ts'
import { PairMap } from '../pair-map.ts'
import { Unreadable } from '../unreadable.ts'
import type { Findings } from '../violation.ts'
import { Flow } from './flow.ts'
import { isSettled, type Question, Questions } from './questions.ts'
import { ReadCursors } from './read-cursors.ts'

/**
 * An unread count lies between what was surely and what was possibly unread at some point between the question
 * and its answer.
 *
 * Unread are the stored messages of the peer that lie after the user's read cursor. The cursor is the highest of
 * what the user has read up to and what the user has sent in the conversation. Neither is known exactly:
 *
 * - A message is surely stored once it was acknowledged or received, possibly from its invoke on, never when finally
 *   refused. What is unsettled at a quiet line was not stored.
 * - A read is surely applied from its `ok` on, possibly from its first line on.
 * - So the cursor is surely at least at `sureCursor`: of the reads and own sends that were sure at the question, the
 *   highest. It is possibly as far as the highest that was possible at the answer; that is anywhere while an own
 *   send is unsettled.
 *
 * At least the messages that were sure at the question and lie after the possible cursor are unread, at most those
 * that were possible at the answer and lie after the sure cursor. When all is quiet and each read has its `ok`, the
 * two are equal. Groups have a judge of their own.
 */
export class UnreadBounds implements Judge {
  readonly #ledger: Ledger
  readonly #findings: Findings
  readonly #lagMs: number
  /** By sender and conversation. */
  readonly #flows = new PairMap(() => new Flow())
  readonly #cursors = new ReadCursors()
  readonly #questions = new Questions()

  constructor(ledger: Ledger, findings: Findings, options: JudgeOptions) {
    this.#ledger = ledger
    this.#findings = findings
    this.#lagMs = options.unreadLagMs ?? 0
  }

  send(_line: SendLine, message: Message, at: number): void {
    this.#see(message, at)
  }

  recv(_line: RecvLine, message: Message, at: number): void {
    this.#see(message, at)
  }

  read(line: ReadLine, at: number): void {
    if (this.#ledger.conversations.get(line.conv, at).sides) this.#cursors.read(line)
  }

  unread(line: UnreadLine, at: number): void {
    const { user, conv } = line
    if (!this.#ledger.conversations.get(conv, at).sides) return
    const { quiet } = this.#ledger
    const question = this.#questions.take(line, at, () => {
      const sent = this.#flows.get(user, conv).stored.highest
      return { at, quiet, sureCursor: Math.max(this.#cursors.get(user, conv).sure, sent) }
    })
    if (question && line.type === 'ok') this.#judge(line, question, at)
  }

  quiet(): void {
    for (const flow of this.#flows.values()) flow.quiet()
  }

  #judge(line: UnreadLine & { value: number }, question: Question, at: number): void {
    const { user, conv, value } = line
    const conversation = this.#ledger.conversations.get(conv, at)
    const peer = peerIn(conversation, user)
    if (peer === undefined) throw new Unreadable(at, `${user} is not in ${conv}`)
    const incoming = this.#flows.get(peer, conv)
    const atLeast = this.#surelyUnread(incoming, this.#possibleCursor(user, conv), question)
    const atMost = incoming.stored.countAbove(question.sureCursor) + incoming.pending.size
    if (value >= atLeast && value <= atMost) return
    const truth =
      atLeast === atMost ? `exactly ${atLeast} were` : `at least ${atLeast} and at most ${atMost} were`
    const sentence = `${user} was told of ${value} unread messages in ${conv} ${this.#ledger.when(at)}, asked ${this.#ledger.when(question.at)}, but ${truth}`
    this.#findings.add('unread', at, sentence, [question.at])
  }

  #possibleCursor(user: string, conv: string): number {
    const sent = this.#flows.get(user, conv)
    if (sent.pending.size > 0) return Number.POSITIVE_INFINITY
    return Math.max(this.#cursors.get(user, conv).possible, sent.stored.highest)
  }

  #surelyUnread(incoming: Flow, possibleCursor: number, question: Question): number {
    let count = incoming.stored.countAbove(possibleCursor)
    for (const { stored = 0, received, seq = 0 } of incoming.latest()) {
      if (isSettled(stored, question, this.#ledger, this.#lagMs)) break
      const wasReceived = received !== undefined && received < question.at
      if (seq > possibleCursor && !wasReceived) count -= 1
    }
    return count
  }

  #see(message: Message, at: number): void {
    if (message.to !== undefined) this.#flows.get(message.from, message.conv.name).see(message, at)
  }
}
