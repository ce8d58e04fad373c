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
  due: { askAfterMs: 2500, answerWithinMs: 4000 },
}

/** resting: until the next ping. due: an answer is owed. asked: a ping was sent. */
type Phase = 'resting' | 'due' | 'asked'

/**
 * Asks for a sign of life now and then: a half-open connection looks alive until someone speaks, and a server that is
 * frozen keeps its connections. Who waits for an answer asks sooner.
 */
export class Liveness {
  readonly #times: LivenessTimes
  readonly #act: { ping(): void; dead(): void }
  readonly #clock: Clock
  readonly #alarm: Alarm
  #heard = false
  /** When something was sent that is answered at once, and nothing was heard since. */
  #owedSince: number | undefined
  #phase: Phase = 'resting'

  constructor(clock: Clock, times: LivenessTimes, act: { ping(): void; dead(): void }) {
    this.#times = times
    this.#act = act
    this.#clock = clock
    this.#alarm = new Alarm(clock, () => this.#ring())
  }

  start(): void {
    this.#rest(0)
  }

  /** Any frame is a sign of life. */
  heard(): void {
    this.#heard = true
    this.#owedSince = undefined
  }

  /** Something was sent that is answered at once. */
  expect(): void {
    this.#owedSince ??= this.#clock.now()
    if (this.#phase === 'resting') this.#rest(0)
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
        if (this.#owedForMs >= due.askAfterMs) this.#ask(due.answerWithinMs)
        else this.#rest(due.askAfterMs)
        break
      case 'asked':
        if (this.#heard) this.#rest(answerWithinMs)
        else this.#act.dead()
        break
      default:
        this.#phase satisfies never
    }
  }

  get #owedForMs(): number {
    return this.#owedSince === undefined ? 0 : this.#clock.now() - this.#owedSince
  }

  #rest(sinceMs: number): void {
    const { pingEveryMs, due } = this.#times
    this.#phase = this.#owedSince === undefined ? 'resting' : 'due'
    const ms = this.#phase === 'due' ? due.askAfterMs - this.#owedForMs : pingEveryMs - sinceMs
    this.#alarm.set(Math.max(0, ms))
  }

  #ask(answerWithinMs: number): void {
    this.#phase = 'asked'
    this.#heard = false
    this.#alarm.set(answerWithinMs)
    this.#act.ping()
  }
}
