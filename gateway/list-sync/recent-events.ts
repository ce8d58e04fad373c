import type { TopicEvent } from '../../storage/topics/topic-store.ts'

/** The last events of a topic up to a position, without a gap. */
export class RecentEvents {
  readonly #keep: number
  #events: TopicEvent[]
  #position: number

  /** Keeps at least the last `keep`, if it has been given so many: what lies before a gap is of no use. */
  constructor(keep: number, position: number, events: readonly TopicEvent[]) {
    this.#keep = keep
    this.#position = position
    const gapless = events.findLastIndex((event, index) => event.id !== position - events.length + 1 + index)
    this.#events = events.slice(gapless + 1)
  }

  get position(): number {
    return this.#position
  }

  /** Adds the event that follows the position. */
  add(event: TopicEvent): void {
    this.#position = event.id
    this.#events.push(event)
    if (this.#events.length >= this.#keep * 2) this.#events = this.#events.slice(-this.#keep)
  }

  /** What came after an id, or undefined when that is not, or no longer, known. */
  since(id: number): readonly TopicEvent[] | undefined {
    const missed = this.#position - id
    if (missed < 0 || missed > Math.min(this.#keep, this.#events.length)) return undefined
    return this.#events.slice(this.#events.length - missed)
  }
}
