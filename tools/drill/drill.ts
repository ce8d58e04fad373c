import { Random } from '../random.ts'
import { Faults } from './faults.ts'
import type { DrillOptions } from './options.ts'
import { Recoveries } from './recoveries.ts'
import { planFaults } from './schedule.ts'
import { openStage } from './stage.ts'

export interface DrillResult {
  readonly historyFile: string
  readonly faults: ReadonlyMap<string, number>
  readonly recoveries: readonly string[]
  /** What had not arrived when the time to settle was over; empty when all is well. */
  readonly missing: readonly string[]
}

/** After the last fault: how long everything may take to arrive. */
export const SETTLE_MS = 60_000

/** Runs a cluster under load and faults, and writes down what its clients did and saw. */
export async function drill(options: DrillOptions, say: (line: string) => void): Promise<DrillResult> {
  const { seed } = options
  const recoveries = new Recoveries()
  let faults: Faults | undefined
  const stage = await openStage(options, {
    balanced: false,
    recovered: ms => recoveries.add(faults?.last ?? '', ms),
    // What follows is not a fault's doing, and not seldom the database's own.
    ended: line => faults?.isAt(line.split(' ', 1)[0] ?? '') || say(line),
  })
  const { cluster, links, population, history, historyFile } = stage
  faults = new Faults({ cluster, links, history, seed, storm: () => population.storm() })
  try {
    say(`${options.users} users are online; ${options.seconds} s of faults, seed ${seed}`)
    const durationMs = options.seconds * 1000
    const running = population.run({ rate: options.rate, durationMs })
    await apply(
      faults,
      planFaults(new Random(seed), { of: options.faults, durationMs, everyMs: options.everyMs }),
    )
    await running
    await faults.healed()
    const missing = await population.settle(SETTLE_MS)
    history.write({ type: 'info', f: 'quiet', proc: 'drill' })
    await population.askAllUnread()
    return { historyFile, faults: faults.done, recoveries: recoveries.lines(), missing }
  } finally {
    await stage.close()
  }
}

async function apply(faults: Faults, planned: ReturnType<typeof planFaults>): Promise<void> {
  const start = performance.now()
  for (const fault of planned) {
    await new Promise(resolve => setTimeout(resolve, Math.max(0, fault.at - (performance.now() - start))))
    faults.start(fault)
  }
}
