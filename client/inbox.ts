import { parseSeq } from '../protocol/ids.ts'
import type { Acknowledger } from './acknowledger.ts'
import { type ServerFrame, textId } from './frames.ts'

export interface InboxListener {
  /** Once for each message, one after the other: the next waits for the answer's end. */
  arrived(frame: ServerFrame): Promise<unknown> | undefined
  repeated(serverMsgId: string): void
}

interface Arrival {
  readonly feed: string
  readonly seq: number
  readonly frame: ServerFrame
}

/** Group messages and notices come in the group's feed, direct messages in the user's own. */
const feedOf = (frame: ServerFrame): string =>
  frame.groupId === undefined ? 'direct' : textId(frame.groupId)

/** What the user's other devices have sent stands in no feed of this one: nobody waits for its acknowledgement. */
const OWN = 'own'

/**
 * Repeats out, the rest in order. A server pushes each feed in growing seq order and, after a bind, again from
 * the delivered cursor on; so one number a feed tells every repeat, however old.
 */
export class Inbox {
  readonly #acknowledger: Acknowledger
  readonly #listener: InboxListener
  readonly #seen = new Map<string, number>()
  readonly #unhandled: Arrival[] = []
  #isHandling = false

  constructor(acknowledger: Acknowledger, listener: InboxListener) {
    this.#acknowledger = acknowledger
    this.#listener = listener
  }

  /** `isOwn`: another device of the same user has sent it. */
  receive(frame: ServerFrame, isOwn = false): void {
    const seq = parseSeq(frame.serverMsgId)
    if (seq === undefined) return
    const feed = isOwn ? `${OWN} ${feedOf(frame)}` : feedOf(frame)
    if (seq <= (this.#seen.get(feed) ?? 0)) {
      this.#listener.repeated(String(seq))
    } else {
      this.#seen.set(feed, seq)
      this.#unhandled.push({ feed, seq, frame })
    }
    if (!isOwn) this.#acknowledger.pushed(feed, seq)
    if (!this.#isHandling) this.#handle()
  }

  #handle(): void {
    for (let arrival = this.#unhandled.shift(); arrival; arrival = this.#unhandled.shift()) {
      const { feed, seq, frame } = arrival
      const unfinished = this.#listener.arrived(frame)
      if (unfinished) {
        this.#isHandling = true
        unfinished.then(() => {
          this.#isHandling = false
          this.#acknowledger.handled(feed, seq)
          this.#handle()
        })
        return
      }
      this.#acknowledger.handled(feed, seq)
    }
  }
}
