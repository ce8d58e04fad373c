import type { ActorAnswer, ActorCall } from './actor-call.ts'

/** Has a repeat of a call that still runs share its answer: a slow turn is not run once for each try. */
export class CallsUnderWay {
  readonly #answers = new Map<string, Promise<ActorAnswer>>()

  get size(): number {
    return this.#answers.size
  }

  run({ callId }: ActorCall, answer: () => Promise<ActorAnswer>): Promise<ActorAnswer> {
    const underWay = this.#answers.get(callId)
    if (underWay) return underWay
    const started = answer().finally(() => this.#answers.delete(callId))
    this.#answers.set(callId, started)
    return started
  }
}
