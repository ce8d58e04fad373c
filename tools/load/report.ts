import { type LatencySummary, type Summaries, type Timing, timings } from './latencies.ts'
import type { LoadReport, RunProgress } from './run-load.ts'
import type { Counts } from './tally.ts'

const COLUMNS = ['count', 'p50', 'p90', 'p99', 'p99.9', 'max'] as const

/** The figures of a run as a person reads them; latencies in ms. */
export function renderReport(report: LoadReport): string {
  const { counts, latencies, repeats, errors, testerCpu } = report
  const rows = timings.flatMap(timing => {
    const summary = latencies[timing]
    return summary ? [[timing, ...cellsOf(summary)]] : []
  })
  const reasons = Object.entries(errors).map(([reason, count]) => `${reason} ${integer(count)}`)
  return [
    describe(report),
    '',
    table(['ms', ...COLUMNS], rows),
    ...(repeats.length > 1 ? ['', ...spread(repeats)] : []),
    '',
    ...countLines(counts),
    `errors          ${reasons.length === 0 ? 'none' : reasons.join(', ')}`,
    `tester          ${Math.round(testerCpu * 100)} % of one CPU`,
    `verdict         ${report.violations === 0 ? 'nothing lost, duplicated or reordered' : `${integer(report.violations)} BROKEN PROMISES`}`,
    '',
  ].join('\n')
}

export function renderProgress({
  phase,
  repeat,
  seconds,
  open,
  turns,
  unsettled,
  errors,
}: RunProgress): string {
  const what =
    phase === 'connecting' ? 'connecting' : `${integer(turns)} turns, ${integer(unsettled)} on their way`
  return `${repeat}: ${Math.round(seconds)} s  ${integer(open)} connected, ${what}, ${integer(errors)} errors`
}

/** Rows of cells under heads; the first column is flush left, the others right. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heads, ...rows]
  const widths = heads.map((_, column) => Math.max(...all.map(row => (row[column] ?? '').length)))
  const line = (row: readonly string[]) =>
    widths
      .map((width, column) =>
        column === 0 ? (row[column] ?? '').padEnd(width) : (row[column] ?? '').padStart(width),
      )
      .join('  ')
      .trimEnd()
  return all.map(line).join('\n')
}

export const integer = (value: number): string => Math.round(value).toLocaleString('en-US')

/** ms with as many digits as are worth reading. */
export const milliseconds = (ms: number): string => ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)

function describe({ options }: LoadReport): string {
  const { mode, clients, urls, msgIntervalMs, seconds, warmupSeconds, repeats } = options
  const gateways = urls.length === 1 ? 'one gateway' : `${urls.length} gateways`
  const rate = (clients * 1000) / msgIntervalMs
  const turns = mode === 'connect' ? 'silent' : `each every ${integer(msgIntervalMs)} ms (${integer(rate)}/s)`
  return `${mode}: ${integer(clients)} clients on ${gateways}, ${turns}, ${seconds} s × ${repeats} after ${warmupSeconds} s`
}

const cellsOf = ({ count, p50, p90, p99, p999, max }: LatencySummary): string[] => [
  integer(count),
  ...[p50, p90, p99, p999, max].map(milliseconds),
]

function spread(repeats: readonly Summaries[]): string[] {
  const p99s = (timing: Timing) => repeats.flatMap(summaries => summaries[timing]?.p99 ?? [])
  return timings.flatMap(timing => {
    const values = p99s(timing)
    return values.length === 0 ? [] : [`${timing} p99 of each repeat: ${values.map(milliseconds).join(', ')}`]
  })
}

function countLines(counts: Counts): string[] {
  const line = (head: string, names: readonly (keyof Counts)[]) =>
    `${head.padEnd(15)} ${names.map(name => `${name} ${integer(counts[name])}`).join('  ')}`
  return [
    line('connections', ['connected', 'connectFailed', 'disconnected', 'reconnected']),
    ...(counts.offered > 0
      ? [
          line('messages', ['offered', 'unsent', 'sent', 'accepted', 'saved', 'received']),
          line('without answer', ['refused', 'unanswered', 'foreign']),
          line('broken', ['lost', 'unsaved', 'duplicated', 'reordered', 'contradicted']),
        ]
      : []),
    ...(counts.pings > 0 ? [line('pings', ['pings', 'pongs', 'unsent'])] : []),
    ...(counts.receipts > 0 ? [line('receipts', ['receipts'])] : []),
  ]
}
