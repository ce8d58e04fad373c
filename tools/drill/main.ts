// npm run drill: faults on a real cluster under load, and a judgement of what its clients saw. Exits with 0 when
// nothing was lost, doubled or reordered and nobody was logged in twice; else it keeps history, logs and seed.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { check } from '../checker/check.ts'
import { readHistory, textLines } from '../checker/history-file.ts'
import { reportOf } from '../checker/report.ts'
import { drill } from './drill.ts'
import { type DrillOptions, readOptions, USAGE } from './options.ts'
import { measureRecoveries } from './recovery.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

try {
  process.exitCode = await run(options())
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 2
}

function options(): DrillOptions {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${USAGE}`)
  }
}

async function run(options: DrillOptions): Promise<number> {
  const { historyFile, faults, recoveries, missing } = await (options.recoveries ? measureRecoveries : drill)(
    options,
    say,
  )
  const total = [...faults.values()].reduce((sum, count) => sum + count, 0)
  say(`\n${total} faults: ${[...faults].map(([what, count]) => `${what} ${count}`).join(', ')}`)
  for (const line of recoveries) say(line)
  const verdict = check(readHistory(historyFile))
  say('')
  process.stdout.write(reportOf(verdict, textLines(historyFile)))
  if (missing.length > 0) say(`not settled in time:\n  ${missing.join('\n  ')}`)
  const clean = verdict.violations.length === 0 && missing.length === 0
  if (clean) rmSync(join(options.out, 'cluster'), { recursive: true, force: true })
  else say(`kept in ${options.out}: the history, the processes' logs and data; seed ${options.seed}`)
  return clean ? 0 : 1
}
