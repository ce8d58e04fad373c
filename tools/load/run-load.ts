import { randomBytes } from 'node:crypto'
import { Latencies, type Summaries } from './latencies.ts'
import { type LoadOptions, unitOf, workersOf } from './options.ts'
import { addCounts, addErrors, type Counts, type Errors, noCounts, violations } from './tally.ts'
import type { Progress, Share, WorkerResult } from './worker-messages.ts'
import { WorkerProcess } from './worker-process.ts'

/** What one load run (all its repeats together) has shown. */
export interface LoadReport {
  readonly options: Omit<LoadOptions, 'credentials'>
  readonly counts: Counts
  readonly errors: Errors
  /** ms, over all repeats. */
  readonly latencies: Summaries
  /** Each repeat's own. */
  readonly repeats: readonly Summaries[]
  /** CPU seconds a second of the tester itself, its workers added up; the highest of the repeats. */
  readonly testerCpu: number
  /** Broken promises; 0 is a pass. */
  readonly violations: number
}

export interface RunProgress extends Progress {
  readonly phase: 'connecting' | 'running'
  readonly repeat: number
  /** Since the phase began, s. */
  readonly seconds: number
}

export type ProgressListener = (progress: RunProgress) => void

const PROGRESS_MS = 1000
/** So that every worker has its order before the first message is due. */
const HEAD_START_MS = 100

/** Runs a load against running gateways. Rejects when it can't be run at all: no worker, no token, no connection. */
export async function runLoad(options: LoadOptions, onProgress?: ProgressListener): Promise<LoadReport> {
  const counts = noCounts()
  const errors: Errors = {}
  const all = new Latencies()
  const repeats: Summaries[] = []
  let testerCpu = 0
  for (let repeat = 1; repeat <= options.repeats; repeat++) {
    const own = new Latencies()
    const results = await runOnce(options, repeat, onProgress)
    for (const result of results) {
      addCounts(counts, result.counts)
      addErrors(errors, result.errors)
      all.merge(result.latencies)
      own.merge(result.latencies)
    }
    testerCpu = Math.max(
      testerCpu,
      results.reduce((sum, { cpu }) => sum + cpu, 0),
    )
    repeats.push(own.summaries())
  }
  const { credentials: _, ...shown } = options
  return {
    options: shown,
    counts,
    errors,
    latencies: all.summaries(),
    repeats,
    testerCpu,
    violations: violations(counts, counts.reconnected > 0),
  }
}

async function runOnce(
  options: LoadOptions,
  repeat: number,
  onProgress: ProgressListener | undefined,
): Promise<WorkerResult[]> {
  const shares = share(options)
  const workers = shares.map(each => ({ process: new WorkerProcess(), share: each }))
  let phase: RunProgress['phase'] = 'connecting'
  let began = performance.now()
  const timer = setInterval(() => {
    const seconds = (performance.now() - began) / 1000
    onProgress?.({ ...sum(workers.map(({ process }) => process.progress)), phase, repeat, seconds })
  }, PROGRESS_MS)
  try {
    await Promise.all(workers.map(worker => worker.process.connect(worker.share)))
    phase = 'running'
    began = performance.now()
    const startAt = Date.now() + HEAD_START_MS
    await Promise.all(workers.map(worker => worker.process.run(startAt)))
    const results = await Promise.all(workers.map(worker => worker.process.finish()))
    if (results.every(({ counts }) => counts.connected === 0)) {
      const reasons = results.flatMap(result => Object.keys(result.errors))
      throw new Error(`no client could connect: ${[...new Set(reasons)].join(', ')}`)
    }
    return results
  } finally {
    clearInterval(timer)
    for (const worker of workers) worker.process.end()
  }
}

/** Clients that talk to one another go to the same worker: one clock times both ends. */
function share(options: LoadOptions): Share[] {
  const unit = unitOf(options)
  const workers = workersOf(options)
  const runId = randomBytes(4).toString('hex')
  const units = Math.floor(options.clients / unit)
  const shares: Share[] = []
  for (let worker = 0; worker < workers; worker++) {
    const first = Math.floor((units * worker) / workers) * unit
    const end = Math.floor((units * (worker + 1)) / workers) * unit
    if (end > first) shares.push({ options, runId, first, count: end - first, workers, worker })
  }
  return shares
}

function sum(progresses: readonly Progress[]): Progress {
  const total = (field: keyof Progress) => progresses.reduce((all, progress) => all + progress[field], 0)
  return {
    open: total('open'),
    turns: total('turns'),
    unsettled: total('unsettled'),
    errors: total('errors'),
  }
}
