const ASK_EVERY_MS = 1000
const ANSWER_MS = 1000

/** What stands in front of gateways: it sends nobody to one that does not say in time that it is well. */
export class Balancer {
  readonly #gateways: readonly string[]
  readonly #ill = new Set<string>()
  readonly #timer: NodeJS.Timeout

  constructor(gateways: readonly string[]) {
    this.#gateways = gateways
    this.#timer = setInterval(() => this.#askAll(), ASK_EVERY_MS).unref()
  }

  /** Those that are well, or all where none is. */
  get gateways(): readonly string[] {
    const well = this.#gateways.filter(url => !this.#ill.has(url))
    return well.length > 0 ? well : this.#gateways
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #askAll(): void {
    for (const url of this.#gateways) void this.#ask(url)
  }

  async #ask(url: string): Promise<void> {
    const isWell = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) }).then(
      answer => answer.ok,
      () => false,
    )
    if (isWell) this.#ill.delete(url)
    else this.#ill.add(url)
  }
}
