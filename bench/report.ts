import { integer, milliseconds, table } from '../tools/load/report.ts'
import type { ConnectionsResult } from './connections.ts'
import type { DurableResult, Rate } from './durable.ts'
import { type ByRole, total } from './process-cpu.ts'
import { renderSpread, spread } from './spread.ts'
import type { SubjectName } from './subjects/subject.ts'

export interface DurableRow {
  readonly subject: SubjectName
  readonly rate: Rate
  readonly runs: DurableResult[]
}

export interface ConnectionsRow {
  readonly subject: SubjectName
  readonly runs: ConnectionsResult[]
}

/** What the other subjects are compared with. */
const REFERENCE: SubjectName = 'socket.io'

export function renderDurable(rows: readonly DurableRow[]): string {
  const heads = [
    'durable 1:1',
    'offered/s',
    'done/s',
    'a CPU-second',
    `× ${REFERENCE}`,
    'saved p50 ms',
    'saved p99 ms',
    'e2e p99 ms',
    'missing',
  ]
  const cells = rows.map(row => {
    const of = (value: (run: DurableResult) => number, render: (value: number) => string) =>
      renderSpread(spread(row.runs.map(value)), render)
    return [
      row.subject,
      String(row.rate),
      of(run => run.donePerSecond, integer),
      of(run => run.messagesPerCpuSecond, integer),
      ratio(row, rows),
      of(run => run.latencies.saved?.p50 ?? Number.NaN, milliseconds),
      of(run => run.latencies.saved?.p99 ?? Number.NaN, milliseconds),
      of(run => run.latencies.e2e?.p99 ?? Number.NaN, milliseconds),
      integer(row.runs.reduce((sum, { missing }) => sum + missing, 0)),
    ]
  })
  return `${table(heads, cells)}\n\n${renderRoles(rows)}`
}

/** Where the CPU went. */
function renderRoles(rows: readonly DurableRow[]): string {
  const cells = rows.map(({ subject, rate, runs }) => {
    return [subject, String(rate), byRole(runs.map(run => run.microseconds))]
  })
  return table(['µs of CPU a message', 'offered/s', 'by role, median'], cells)
}

/** Where the memory went. */
function renderMemory(rows: readonly ConnectionsRow[]): string {
  const cells = rows.map(({ subject, runs }) => [
    subject,
    byRole(
      runs.map(run => run.bytes),
      1024,
    ),
  ])
  return table(['KB each, idle', 'by role, median'], cells)
}

function byRole(runs: readonly ByRole[], unit = 1): string {
  const of = (role: string) => spread(runs.map(run => (run[role] ?? 0) / unit)).median
  return Object.keys(runs[0] ?? {})
    .map(role => `${role} ${integer(of(role))}`)
    .join('  ')
}

/** How many times the reference's messages a CPU-second, run by run, as they were interleaved. */
function ratio(row: DurableRow, rows: readonly DurableRow[]): string {
  const reference = rows.find(other => other.subject === REFERENCE && other.rate === row.rate)
  if (!reference) return '–'
  const ratios = row.runs.map(
    (run, i) => run.messagesPerCpuSecond / (reference.runs[i]?.messagesPerCpuSecond ?? Number.NaN),
  )
  return renderSpread(spread(ratios), value => value.toFixed(1))
}

export function renderConnections(rows: readonly ConnectionsRow[]): string {
  const heads = ['connections', 'count', 'retried', 'connected/s', 'CPU ms each', 'KB each, idle']
  const cells = rows.map(({ subject, runs }) => {
    const of = (value: (run: ConnectionsResult) => number, digits: number) =>
      renderSpread(spread(runs.map(value)), each => each.toFixed(digits))
    return [
      subject,
      integer(runs[0]?.connections ?? 0),
      of(run => run.retries, 0),
      of(run => run.perSecond, 0),
      of(run => run.cpuMs, 2),
      of(run => total(run.bytes) / 1024, 1),
    ]
  })
  return `${table(heads, cells)}\n\n${renderMemory(rows)}`
}
