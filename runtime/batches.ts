export interface BatchLimits {
  /** Keys of one question. */
  readonly size: number
  /** Questions under way. */
  readonly atOnce: number
}

interface Waiting<V> {
  readonly answer: Promise<V | undefined>
  readonly resolve: (value: V | undefined) => void
  readonly reject: (error: unknown) => void
}

/**
 * One question for many keys: those asked for while as many questions as may be are under way go together as the next.
 * So however many ask, the work under way is bounded, and a key asked for many times is in a question once.
 */
export class Batches<K, V> {
  readonly #ask: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>
  readonly #limits: BatchLimits
  #waiting = new Map<K, Waiting<V>>()
  #underWay = 0
  #scheduled = false

  constructor(ask: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>, limits: BatchLimits) {
    this.#ask = ask
    this.#limits = limits
  }

  /** What a question that begins after the call answers for the key. */
  get(key: K): Promise<V | undefined> {
    const waiting = this.#waiting.get(key) ?? newWaiting<V>()
    this.#waiting.set(key, waiting)
    if (!this.#scheduled) {
      this.#scheduled = true
      // What is asked for in one tick goes together.
      queueMicrotask(() => this.#next())
    }
    return waiting.answer
  }

  #next(): void {
    this.#scheduled = false
    while (this.#waiting.size > 0 && this.#underWay < this.#limits.atOnce) {
      this.#underWay++
      void this.#run(this.#take()).then(() => {
        this.#underWay--
        this.#next()
      })
    }
  }

  #take(): Map<K, Waiting<V>> {
    const { size } = this.#limits
    if (this.#waiting.size <= size) {
      const all = this.#waiting
      this.#waiting = new Map()
      return all
    }
    const some = new Map([...this.#waiting].slice(0, size))
    for (const key of some.keys()) this.#waiting.delete(key)
    return some
  }

  async #run(batch: ReadonlyMap<K, Waiting<V>>): Promise<void> {
    try {
      const answers = await this.#ask([...batch.keys()])
      for (const [key, { resolve }] of batch) resolve(answers.get(key))
    } catch (error) {
      for (const { reject } of batch.values()) reject(error)
    }
  }
}

function newWaiting<V>(): Waiting<V> {
  const { promise: answer, resolve, reject } = Promise.withResolvers<V | undefined>()
  return { answer, resolve, reject }
}
