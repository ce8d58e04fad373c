import { Connections } from './connections.ts'
import { Conversations } from './conversations.ts'
import { type Message, Messages } from './messages.ts'
import { Unreadable } from './unreadable.ts'

/** What the lines so far have established; the checks share it and change nothing in it. */
export class Ledger {
  readonly conversations = new Conversations()
  readonly messages = new Messages(this.conversations)
  readonly connections = new Connections()
  /** The last line by which everything was quiet. */
  quiet: number | undefined
  readonly #times: number[] = []

  /** Takes in the next line's time and returns the line's number, from 1. */
  tick(t: number): number {
    const line = this.#times.push(t)
    if (t < this.timeOf(line - 1)) throw new Unreadable(line, 'its time lies before that of the line above')
    return line
  }

  get lines(): number {
    return this.#times.length
  }

  /** In milliseconds. */
  timeOf(line: number): number {
    return this.#times[line - 1] ?? Number.NEGATIVE_INFINITY
  }

  /** "at 12.345 ms (line 7)" */
  when(line: number | undefined): string {
    return line === undefined ? 'never' : `at ${this.timeOf(line)} ms (line ${line})`
  }
}

/** "m7 from alice in direct:alice:bob (seq 12)" */
export const describe = ({ id, from, conv, seq }: Message): string =>
  `${id} from ${from} in ${conv.name} (${seq === undefined ? 'no seq known' : `seq ${seq}`})`
