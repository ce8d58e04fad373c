import { Alarm, type Clock } from './clock.ts'

export interface LivenessTimes {
  readonly pingEveryMs: number
  /** How long a silence after a ping may last. */
  readonly answerWithinMs: number
  /** While an answer is due: how long a silence may last before it is asked about, and then how much longer. */
  readonly due: { readonly askAfterMs: number; readonly answerWithinMs: number }
}

export const usualLiveness: LivenessTimes = {
  pingEveryMs: 30_000,
  answerWithinMs: 10_000,
  due: { askAfterMs: 3000, answerWithinMs: 5000 },
}

/** resting: until the next ping. due: something was sent that is answered at once. asked: a ping was sent. */
type Phase = 'resting' | 'due' | 'asked'

/**
 * Asks for a sign of life now and then: a half-open connection looks alive until someone speaks, and a server that is
 * frozen keeps its connections. Who waits for an answer asks sooner.
 */
export class Liveness {
  readonly #times: LivenessTimes
  readonly #act: { ping(): void; dead(): void }
  readonly #alarm: Alarm
  #heard = false
  #phase: Phase = 'resting'

  constructor(clock: Clock, times: LivenessTimes, act: { ping(): void; dead(): void }) {
    this.#times = times
    this.#act = act
    this.#alarm = new Alarm(clock, () => this.#ring())
  }

  start(): void {
    this.#rest(0)
  }

  /** Any frame is a sign of life. */
  heard(): void {
    this.#heard = true
  }

  /** Something was sent that is answered at once. */
  expect(): void {
    if (this.#phase !== 'resting') return
    this.#phase = 'due'
    this.#heard = false
    this.#alarm.set(this.#times.due.askAfterMs)
  }

  stop(): void {
    this.#alarm.clear()
  }

  #ring(): void {
    const { due, answerWithinMs } = this.#times
    switch (this.#phase) {
      case 'resting':
        this.#ask(answerWithinMs)
        break
      case 'due':
        if (this.#heard) this.#rest(due.askAfterMs)
        else this.#ask(due.answerWithinMs)
        break
      case 'asked':
        if (this.#heard) this.#rest(answerWithinMs)
        else this.#act.dead()
        break
      default:
        this.#phase satisfies never
    }
  }

  #rest(sinceMs: number): void {
    this.#phase = 'resting'
    this.#alarm.set(Math.max(0, this.#times.pingEveryMs - sinceMs))
  }

  #ask(answerWithinMs: number): void {
    this.#phase = 'asked'
    this.#heard = false
    this.#alarm.set(answerWithinMs)
    this.#act.ping()
  }
}
