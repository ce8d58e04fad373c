import type { Frame, LeanClient } from './lean-client.ts'
import type { Observer, Scenario } from './scenario.ts'
import type { Counts } from './tally.ts'

interface Asked {
  readonly at: number
  readonly measured: boolean
}

/** Clients that send PING and time its PONG; answers come in the order of the questions. */
export class PingScenario implements Scenario {
  readonly #observer: Observer
  readonly #asked = new Map<number, Asked[]>()
  #pings = 0
  #pongs = 0
  #unanswered = 0
  #unsent = 0

  constructor(observer: Observer) {
    this.#observer = observer
  }

  get unsettled(): number {
    return this.#pings - this.#pongs - this.#unanswered
  }

  turn(client: LeanClient, at: number, measured: boolean): void {
    if (!client.send('{"type":"PING"}')) {
      this.#unsent++
      return
    }
    this.#pings++
    if (measured) this.#observer.record('late', performance.now() - at)
    const asked = this.#asked.get(client.index)
    if (asked) asked.push({ at, measured })
    else this.#asked.set(client.index, [{ at, measured }])
  }

  onFrame(client: LeanClient, frame: Frame): void {
    if (frame.type === 'ERROR') this.#observer.error(frame.reason ?? 'unknown')
    if (frame.type !== 'PONG') return
    const asked = this.#asked.get(client.index)?.shift()
    if (!asked) return
    this.#pongs++
    if (asked.measured) this.#observer.record('pong', performance.now() - asked.at)
  }

  onReconnected(client: LeanClient): void {
    this.onGone(client)
  }

  onGone(client: LeanClient): void {
    this.#unanswered += this.#asked.get(client.index)?.length ?? 0
    this.#asked.delete(client.index)
  }

  counts(): Partial<Counts> {
    return { pings: this.#pings, pongs: this.#pongs, unsent: this.#unsent }
  }
}
