import type { ClientFrame, ServerFrame } from './frames.ts'
import { Refused } from './refused.ts'

interface Request {
  readonly frame: ClientFrame
  readonly answer: PromiseWithResolvers<ServerFrame>
}

/** Requests other than messages: each waits for its one answer and is repeated, with the same id, until it comes. */
export class Requests {
  readonly #post: (frame: ClientFrame) => void
  readonly #open = new Map<string, Request>()

  constructor(post: (frame: ClientFrame) => void) {
    this.#post = post
  }

  /** Rejects with `Refused` when the server says no, also when it says "not now". */
  ask(clientMsgId: string, frame: ClientFrame): Promise<ServerFrame> {
    const answer = Promise.withResolvers<ServerFrame>()
    this.#open.set(clientMsgId, { frame, answer })
    this.#post(frame)
    return answer.promise
  }

  answered(clientMsgId: string, frame: ServerFrame): void {
    this.#open.get(clientMsgId)?.answer.resolve(frame)
    this.#open.delete(clientMsgId)
  }

  refused(clientMsgId: string, reason: string): boolean {
    const request = this.#open.get(clientMsgId)
    request?.answer.reject(new Refused(reason))
    return this.#open.delete(clientMsgId)
  }

  /** A new connection: what the last one left unanswered is asked again. */
  repeat(): void {
    for (const { frame } of this.#open.values()) this.#post(frame)
  }
}
