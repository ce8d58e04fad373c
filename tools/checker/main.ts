// npm run checker -- FILE [--unread-lag-ms N]: exits with 0 when the history is clean, 1 on a violation, 2 when unreadable
import { parseArgs } from 'node:util'
import { check } from './check.ts'
import { readHistory, textLines } from './history-file.ts'
import { reportOf } from './report.ts'

try {
  const { file, unreadLagMs } = readArguments()
  const started = performance.now()
  const verdict = check(readHistory(file), { unreadLagMs })
  if (verdict.tally.lines === 0) throw new Error('it is empty')
  const tookMs = performance.now() - started
  process.stdout.write(reportOf(verdict, textLines(file)))
  process.stdout.write(`checked in ${(tookMs / 1_000).toFixed(1)} s\n`)
  process.exitCode = verdict.violations.length > 0 ? 1 : 0
} catch (error) {
  process.stderr.write(`unreadable: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 2
}

function readArguments(): { file: string; unreadLagMs: number } {
  const { values, positionals } = parseArgs({
    options: { 'unread-lag-ms': { type: 'string', default: '0' } },
    allowPositionals: true,
  })
  const [file] = positionals
  if (file === undefined || positionals.length > 1) throw new Error('say which file: npm run checker -- FILE')
  const unreadLagMs = Number(values['unread-lag-ms'])
  if (!(unreadLagMs >= 0)) throw new Error('--unread-lag-ms must be a number of milliseconds')
  return { file, unreadLagMs }
}
