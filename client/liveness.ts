import { Alarm, type Clock } from './clock.ts'

export interface LivenessTimes {
  readonly pingEveryMs: number
  /** How long a silence after a ping may last. */
  readonly answerWithinMs: number
}

export const usualLiveness: LivenessTimes = { pingEveryMs: 30_000, answerWithinMs: 10_000 }

/** Asks for a sign of life now and then: a half-open connection looks alive until someone speaks. */
export class Liveness {
  readonly #times: LivenessTimes
  readonly #act: { ping(): void; dead(): void }
  readonly #alarm: Alarm
  #heard = false
  #asked = false

  constructor(clock: Clock, times: LivenessTimes, act: { ping(): void; dead(): void }) {
    this.#times = times
    this.#act = act
    this.#alarm = new Alarm(clock, () => (this.#asked ? this.#judge() : this.#ask()))
  }

  start(): void {
    this.#asked = false
    this.#alarm.set(this.#times.pingEveryMs)
  }

  /** Any frame is a sign of life. */
  heard(): void {
    this.#heard = true
  }

  stop(): void {
    this.#alarm.clear()
  }

  #ask(): void {
    this.#asked = true
    this.#heard = false
    this.#alarm.set(this.#times.answerWithinMs)
    this.#act.ping()
  }

  #judge(): void {
    if (!this.#heard) {
      this.#act.dead()
      return
    }
    this.#asked = false
    this.#alarm.set(Math.max(0, this.#times.pingEveryMs - this.#times.answerWithinMs))
  }
}
