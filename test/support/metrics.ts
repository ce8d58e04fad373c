/** What one scrape of a gateway's /metrics says. */
export class Metrics {
  readonly #text: string

  private constructor(text: string) {
    this.#text = text
  }

  static async read(url: string): Promise<Metrics> {
    return new Metrics(await (await fetch(new URL('/metrics', url))).text())
  }

  /** The value of a series, written as there: `homing_connections{protocol="json"}`. */
  value(series: string): number {
    const line = this.#text.split('\n').find(text => text.startsWith(`${series} `))
    if (line === undefined) throw new Error(`/metrics has no ${series}`)
    return Number(line.slice(series.length))
  }

  get connections(): number {
    return this.value('homing_connections{protocol="json"}')
  }
}
