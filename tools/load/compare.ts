import type { Timing } from './latencies.ts'
import type { LoadOptions } from './options.ts'
import type { OwnServer, ServerSettings } from './own-server.ts'
import { integer, milliseconds, table } from './report.ts'
import { type LoadReport, type ProgressListener, runLoad } from './run-load.ts'
import type { Counts } from './tally.ts'

/** The variants of document 001, and the settings that make a server one. */
export const variants = {
  /** Saved, then acknowledged and pushed. */
  baseline: { TWO_PHASE_ENABLED: 'false', DELIVER_BEFORE_SAVED: 'false' },
  /** Acknowledged once in the log; pushed once saved. */
  'accepted-only': { TWO_PHASE_ENABLED: 'true', DELIVER_BEFORE_SAVED: 'false' },
  /** Acknowledged and pushed once in the log. */
  full: { TWO_PHASE_ENABLED: 'true', DELIVER_BEFORE_SAVED: 'true' },
} as const satisfies Record<string, ServerSettings>

export type Variant = keyof typeof variants
export type Comparison = Readonly<Record<Variant, LoadReport>>

/** Runs the same load on a fresh server of each variant, one after another. */
export async function compare(
  options: Omit<LoadOptions, 'urls' | 'credentials'>,
  start: (settings: ServerSettings) => Promise<OwnServer>,
  report: (line: string) => void,
  onProgress: ProgressListener,
): Promise<Comparison> {
  const run = async (variant: Variant) => {
    report(`${variant}: starting its server`)
    const server = await start(variants[variant])
    try {
      const credentials = { kind: 'signed', secret: server.secret } as const
      return await runLoad({ ...options, urls: server.urls, credentials }, onProgress)
    } finally {
      await server.stop()
    }
  }
  const baseline = await run('baseline')
  const acceptedOnly = await run('accepted-only')
  return { baseline, 'accepted-only': acceptedOnly, full: await run('full') }
}

const ROWS: readonly [Timing, 'p50' | 'p99' | 'p999'][] = [
  ['accepted', 'p50'],
  ['accepted', 'p99'],
  ['saved', 'p50'],
  ['saved', 'p99'],
  ['e2e', 'p50'],
  ['e2e', 'p99'],
  ['e2e', 'p999'],
  ['connect', 'p99'],
  ['late', 'p99'],
]
const COUNTS: readonly (keyof Counts)[] = ['sent', 'accepted', 'saved', 'received', 'lost', 'duplicated']

export function renderComparison(comparison: Comparison): string {
  const names = Object.keys(variants) as Variant[]
  const latency = ROWS.map(([timing, at]) => [
    `${timing} ${at}, ms`,
    ...names.map(name => {
      const summary = comparison[name].latencies[timing]
      return summary ? milliseconds(summary[at]) : '–'
    }),
  ])
  const counts = COUNTS.map(count => [count, ...names.map(name => integer(comparison[name].counts[count]))])
  const errors = ['errors', ...names.map(name => `${(errorRate(comparison[name]) * 100).toFixed(2)} %`)]
  return [
    table(['', ...names], [...latency, ...counts, errors]),
    '',
    ...criteria(comparison).map(({ text, met }) => `${met ? 'met    ' : 'NOT met'}  ${text}`),
    '',
  ].join('\n')
}

/** The criteria of document 001, 5.1.4. */
export function criteria({ baseline, 'accepted-only': acceptedOnly, full }: Comparison) {
  const p99 = (report: LoadReport, timing: Timing) => report.latencies[timing]?.p99 ?? Number.NaN
  const reports = [baseline, acceptedOnly, full]
  return [
    {
      text: 'accepted p99 is not above saved p99',
      met: [acceptedOnly, full].every(report => p99(report, 'accepted') <= p99(report, 'saved')),
    },
    { text: 'full’s E2E p99 is not above the baseline’s', met: p99(full, 'e2e') <= p99(baseline, 'e2e') },
    { text: 'errors stay below 5 %', met: reports.every(report => errorRate(report) < 0.05) },
    { text: 'nothing is lost, duplicated or reordered', met: reports.every(r => r.violations === 0) },
  ]
}

function errorRate({ counts, errors }: LoadReport): number {
  const failed = Object.values(errors).reduce((sum, count) => sum + count, 0)
  const tried = counts.offered + counts.connected + counts.connectFailed
  return tried === 0 ? 0 : failed / tried
}
