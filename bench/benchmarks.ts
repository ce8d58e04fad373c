import { type ConnectionsResult, measureConnections } from './connections.ts'
import { connectPairs, measureDurable, type Rate } from './durable.ts'
import type { ConnectionsRow, DurableRow } from './report.ts'
import { type RunningServer, startDatabase } from './servers/server-process.ts'
import { needsDatabase, type Subject, type SubjectName, startSubject } from './subjects/subject.ts'
import type { WirePair } from './wire-pair.ts'

type Say = (text: string) => void

/** What differs from others only in how it carries messages. */
const onlyDurable: ReadonlySet<SubjectName> = new Set([
  'standalone-each',
  'standalone-msgpack',
  'sqlite-relay',
  'nats-relay',
])

interface Connected {
  readonly subject: Subject
  readonly pairs: readonly WirePair[]
}

/** Until the code is compiled: the first thousands of messages cost several times what later ones do. */
const WARM_UP_SECONDS = 10

/**
 * All subjects run all the time and are measured in turn, run after run (A B A B …), so that what else the machine
 * does meets all of them alike; the ratios of a run are of neighbours in time.
 */
export function runDurable(
  options: {
    readonly subjects: readonly SubjectName[]
    readonly rates: readonly Rate[]
    readonly runs: number
    readonly seconds: number
  },
  say: Say,
): Promise<DurableRow[]> {
  const { rates, runs, seconds } = options
  const rows: DurableRow[] = []
  return withSubjects(options.subjects, say, async subjects => {
    const connected: Connected[] = []
    for (const subject of subjects) connected.push({ subject, pairs: await connectPairs(subject) })
    for (const rate of rates)
      for (const { subject } of connected) rows.push({ subject: subject.name, rate, runs: [] })
    for (const { subject, pairs } of connected) {
      say(`warming up ${subject.name}`)
      await measureDurable(subject, pairs, { rate: 'saturation', seconds: WARM_UP_SECONDS, seed: 0 })
    }
    for (let run = 1; run <= runs; run++) {
      for (const rate of rates) {
        for (const { subject, pairs } of connected) {
          const result = await measureDurable(subject, pairs, { rate, seconds, seed: run })
          rows.find(row => row.subject === subject.name && row.rate === rate)?.runs.push(result)
          const perCpu = Math.round(result.messagesPerCpuSecond)
          say(
            `run ${run}, ${rate}: ${subject.name} ${Math.round(result.donePerSecond)}/s, ${perCpu} a CPU-second`,
          )
        }
      }
    }
    for (const { pairs } of connected) for (const pair of pairs) pair.close()
    return rows
  })
}

/** Every subject is started anew for every run: memory that was used once is not given back. */
export async function runConnections(
  options: { readonly subjects: readonly SubjectName[]; readonly runs: number; readonly count: number },
  say: Say,
): Promise<ConnectionsRow[]> {
  const names = options.subjects.filter(name => !onlyDurable.has(name))
  const rows = names.map(subject => ({ subject, runs: [] as ConnectionsResult[] }))
  for (let run = 1; run <= options.runs; run++) {
    for (const row of rows) {
      await withSubjects([row.subject], say, async ([subject]) => {
        if (subject) row.runs.push(await measureConnections(subject, options.count))
      })
    }
  }
  return rows
}

async function withSubjects<T>(
  names: readonly SubjectName[],
  say: Say,
  work: (subjects: readonly Subject[]) => Promise<T>,
): Promise<T> {
  const running: { stop(): Promise<void> }[] = []
  try {
    let database: RunningServer | undefined
    if (names.some(needsDatabase)) {
      database = await startDatabase()
      running.unshift(database)
    }
    const subjects: Subject[] = []
    for (const name of names) {
      say(`starting ${name}`)
      const subject = await startSubject(name, database)
      running.unshift(subject)
      subjects.push(subject)
    }
    return await work(subjects)
  } finally {
    for (const each of running) await each.stop()
  }
}
