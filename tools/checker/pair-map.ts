/** Values by two names, made when first asked for. Faster than a map by joined names, which are new texts each time. */
export class PairMap<V> {
  readonly #make: () => V
  readonly #values = new Map<string, Map<string, V>>()

  constructor(make: () => V) {
    this.#make = make
  }

  get(first: string, second: string): V {
    const known = this.#values.get(first)?.get(second)
    if (known !== undefined) return known
    const value = this.#make()
    const row = this.#values.get(first)
    if (row) row.set(second, value)
    else this.#values.set(first, new Map([[second, value]]))
    return value
  }

  *values(): Generator<V> {
    for (const row of this.#values.values()) yield* row.values()
  }
}
