// npm run bench -- [durable] [connections] [--subjects standalone,cluster,…] [--runs 5] [--seconds 5] [--json FILE]
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { runConnections, runDurable } from './benchmarks.ts'
import type { Rate } from './durable.ts'
import { renderConnections, renderDurable } from './report.ts'
import { type SubjectName, subjectNames } from './subjects/subject.ts'

const say = (text: string) => void process.stderr.write(`${text}\n`)

try {
  await main()
  process.exit(0)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(2)
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      subjects: { type: 'string', default: subjectNames.join(',') },
      rates: { type: 'string', default: '500,2000,saturation' },
      runs: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '5000' },
      json: { type: 'string' },
    },
  })
  const names = positionals.length === 0 ? ['durable', 'connections'] : positionals
  const subjects = values.subjects.split(',').map(readSubject)
  const runs = count('runs', values.runs)
  const results: Record<string, unknown> = { machine: machine() }
  process.stdout.write(`${machine()}\n\n`)
  for (const name of names) {
    if (name === 'durable') {
      const options = {
        subjects,
        runs,
        seconds: count('seconds', values.seconds),
        rates: readRates(values.rates),
      }
      const rows = await runDurable(options, say)
      process.stdout.write(`${renderDurable(rows)}\n\n`)
      results[name] = rows
    } else if (name === 'connections') {
      const rows = await runConnections(
        { subjects, runs, count: count('connections', values.connections) },
        say,
      )
      process.stdout.write(`${renderConnections(rows)}\n\n`)
      results[name] = rows
    } else throw new Error(`no such benchmark: ${name}; there are durable and connections`)
  }
  process.stdout.write(`${machine()}\n`)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)
}

/** What a reader has to know to believe a figure: who else was at work meanwhile shows in the load. */
function machine(): string {
  const [first] = cpus()
  const load = loadavg().map(average => average.toFixed(1))
  return `${cpus().length} × ${first?.model.trim()}, Node ${process.version}, load average ${load.join(' ')}`
}

function readSubject(text: string): SubjectName {
  const found = subjectNames.find(name => name === text)
  if (!found) throw new Error(`--subjects are of ${subjectNames.join(', ')}, not ${text}`)
  return found
}

function readRates(text: string): Rate[] {
  return text.split(',').map(rate => (rate === 'saturation' ? rate : count('rates', rate)))
}

function count(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name} is a whole number from 1, not ${text}`)
  return value
}
