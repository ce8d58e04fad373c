import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js'

/**
 * What is timed, from the moment each was due: `connect` to AUTH_OK (from the start of the attempt), `accepted` and
 * `saved` to the sender's acknowledgements, `e2e` to the receiver's frame, `receipt` to the relayed read receipt,
 * `pong` to the answer of a PING. `late` is how long after its time the tester itself sent: a part of the others.
 */
export const timings = ['connect', 'accepted', 'saved', 'e2e', 'receipt', 'pong', 'late'] as const
export type Timing = (typeof timings)[number]

/** ms. */
export interface LatencySummary {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

const LONGEST_US = 600_000_000

/** One HdrHistogram a timing, in µs with three digits. */
export class Latencies {
  readonly #histograms = new Map<Timing, Histogram>()

  record(timing: Timing, ms: number): void {
    const us = Math.max(1, Math.round(ms * 1000))
    this.#of(timing).recordValue(Math.min(us, LONGEST_US))
  }

  /** Adds what another process has recorded and `encode`d. */
  merge(encoded: EncodedLatencies): void {
    for (const timing of timings) {
      const text = encoded[timing]
      if (text !== undefined) this.#of(timing).add(decodeFromCompressedBase64(text))
    }
  }

  encode(): EncodedLatencies {
    const entries = [...this.#histograms].map(([timing, histogram]) => [
      timing,
      encodeIntoCompressedBase64(histogram),
    ])
    return Object.fromEntries(entries) as EncodedLatencies
  }

  /** Undefined when nothing was recorded. */
  summary(timing: Timing): LatencySummary | undefined {
    const histogram = this.#histograms.get(timing)
    if (!histogram || histogram.totalCount === 0) return undefined
    const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1000
    return {
      count: histogram.totalCount,
      p50: at(50),
      p90: at(90),
      p99: at(99),
      p999: at(99.9),
      max: histogram.maxValue / 1000,
    }
  }

  summaries(): Summaries {
    const entries = timings.flatMap(timing => {
      const summary = this.summary(timing)
      return summary ? [[timing, summary] as const] : []
    })
    return Object.fromEntries(entries)
  }

  #of(timing: Timing): Histogram {
    let histogram = this.#histograms.get(timing)
    if (!histogram) {
      histogram = build({
        lowestDiscernibleValue: 1,
        highestTrackableValue: LONGEST_US,
        numberOfSignificantValueDigits: 3,
      })
      this.#histograms.set(timing, histogram)
    }
    return histogram
  }
}

export type EncodedLatencies = { readonly [T in Timing]?: string }
export type Summaries = { readonly [T in Timing]?: LatencySummary }
