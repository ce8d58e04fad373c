import { Ceilings } from './ceilings.ts'
import { Connections } from './connections.ts'
import { Conversations } from './conversations.ts'
import type { Notice } from './groups/changes.ts'
import { Groups } from './groups/groups.ts'
import type { NoticeLine, RecvLine } from './history.ts'
import { type Message, Messages } from './messages.ts'
import { Unreadable } from './unreadable.ts'

/** What the lines so far have established; the checks share it and change nothing in it. */
export class Ledger {
  readonly conversations = new Conversations()
  readonly messages = new Messages(this.conversations)
  readonly connections = new Connections()
  readonly groups = new Groups(this.conversations)
  /** The highest seq that is known to be stored: what is invoked now will have a higher one. */
  highest = 0
  /** The last line by which everything was quiet. */
  quiet: number | undefined
  readonly #times: number[] = []
  #ceilings: Ceilings | undefined

  /** Takes in the next line's time and returns the line's number, from 1. */
  tick(t: number): number {
    const line = this.#times.push(t)
    if (t < this.timeOf(line - 1)) throw new Unreadable(line, 'its time lies before that of the line above')
    return line
  }

  recv(line: RecvLine, at: number): Message {
    const message = this.messages.recv(line, at)
    if (!message.conv.sides) this.groups.receipts(line.user, line.conv).add(line.seq, at)
    if (message.attempts > 0) this.noteStored(line.seq)
    return message
  }

  notice(line: NoticeLine, at: number): Notice {
    const notice = this.groups.notice(line, at)
    this.noteStored(line.seq)
    return notice
  }

  quietAt(line: number): void {
    this.quiet = line
    this.groups.quiet()
  }

  noteStored(seq: number): void {
    if (seq > this.highest) this.highest = seq
  }

  get lines(): number {
    return this.#times.length
  }

  /** In milliseconds. */
  timeOf(line: number): number {
    return this.#times[line - 1] ?? Number.NEGATIVE_INFINITY
  }

  /** Of the messages invoked after a line, the lowest seq; to be asked for when all lines have been seen. */
  ceilingOf(line: number): number {
    this.#ceilings ??= new Ceilings(this.messages.all)
    return this.#ceilings.after(line)
  }

  /** "at 12.345 ms (line 7)" */
  when(line: number | undefined): string {
    return line === undefined ? 'never' : `at ${this.timeOf(line)} ms (line ${line})`
  }
}

/** "m7 from alice in direct:alice:bob (seq 12)" */
export const describe = ({ id, from, conv, seq }: Message): string =>
  `${id} from ${from} in ${conv.name} (${seq === undefined ? 'no seq known' : `seq ${seq}`})`

/** "the notice joined of group:7 (seq 12)" */
export const describeNotice = ({ event, conv, seq }: Pick<NoticeLine, 'event' | 'conv' | 'seq'>): string =>
  `the notice ${event} of ${conv} (seq ${seq})`
