// npm run load -- --url http://127.0.0.1:8080 --clients 5000 …    npm run load -- compare …
import { writeFileSync } from 'node:fs'
import { type LoadCommand, readArguments, USAGE, UsageError } from './arguments.ts'
import { compare, renderComparison, variants } from './compare.ts'
import { startOwnCluster, startStandalone } from './own-server.ts'
import { ProgressLine } from './progress-line.ts'
import { renderReport } from './report.ts'
import { runLoad } from './run-load.ts'

// 0: all promises kept; 1: some broken; 2: it could not be run.

const line = new ProgressLine(process.stderr)

async function main(command: LoadCommand): Promise<number> {
  if (command.command === 'compare') return runComparison(command)
  const report = await runLoad(command.options, progress => line.show(progress))
  line.clear()
  process.stdout.write(renderReport(report))
  writeJson(command.json, report)
  return report.violations === 0 ? 0 : 1
}

async function runComparison({ options, cluster, json }: LoadCommand): Promise<number> {
  const report = (text: string) => line.say(text)
  const start = cluster ? startOwnCluster : startStandalone
  const comparison = await compare(
    options,
    settings => start(settings, report),
    report,
    progress => line.show(progress),
  )
  line.clear()
  for (const variant of Object.keys(variants) as (keyof typeof variants)[]) {
    process.stdout.write(`\n${variant}\n${renderReport(comparison[variant])}`)
  }
  process.stdout.write(`\n${renderComparison(comparison)}`)
  writeJson(json, comparison)
  return Object.values(comparison).every(({ violations }) => violations === 0) ? 0 : 1
}

function writeJson(path: string | undefined, value: unknown): void {
  if (path !== undefined) writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)
}

try {
  process.exitCode = await main(readArguments(process.argv.slice(2), process.env))
} catch (error) {
  line.clear()
  const text = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${text}\n${error instanceof UsageError ? `\n${USAGE}` : ''}`)
  process.exitCode = 2
}
