import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { HistoryWriter } from '../checker/history-writer.ts'
import { startCluster } from '../cluster/cluster.ts'
import { Faults } from './faults.ts'
import { Links } from './links.ts'
import type { DrillOptions } from './options.ts'
import { Population } from './population.ts'
import { Random } from './random.ts'
import { Recoveries } from './recoveries.ts'
import { planFaults } from './schedule.ts'

export interface DrillResult {
  readonly historyFile: string
  readonly faults: ReadonlyMap<string, number>
  readonly recoveries: readonly string[]
  /** What had not arrived when the time to settle was over; empty when all is well. */
  readonly missing: readonly string[]
}

/** After the last fault: how long everything may take to arrive. */
const SETTLE_MS = 60_000

/** Rates that the drill's clients never reach. */
const unlimited = {
  HOMING_FRAMES_PER_SECOND: '1000000',
  HOMING_FRAMES_BURST: '1000000',
  HOMING_MESSAGES_PER_SECOND: '1000000',
  HOMING_MESSAGES_BURST: '1000000',
}

/** Runs a cluster under load and faults, and writes down what its clients did and saw. */
export async function drill(options: DrillOptions, say: (line: string) => void): Promise<DrillResult> {
  const { seed, out } = options
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const historyFile = join(out, 'history.jsonl')
  const history = new HistoryWriter(historyFile)
  const links = new Links()
  const cluster = await startCluster({
    ...options,
    dataDir: join(out, 'cluster'),
    env: { ...process.env, ...unlimited },
    route: links.route,
  })
  const recoveries = new Recoveries()
  const population = new Population({
    users: options.users,
    gateways: cluster.gateways,
    history,
    random: new Random(seed),
    tokenOf: user => signToken(user, cluster.jwtSecret),
    recovered: ms => recoveries.add(faults.last, ms),
  })
  const faults = new Faults({ cluster, links, history, seed, storm: () => population.storm() })
  try {
    await population.start()
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
    population.close()
    history.close()
    await cluster.stop()
    links.close()
  }
}

async function apply(faults: Faults, planned: ReturnType<typeof planFaults>): Promise<void> {
  const start = performance.now()
  for (const fault of planned) {
    await new Promise(resolve => setTimeout(resolve, Math.max(0, fault.at - (performance.now() - start))))
    faults.start(fault)
  }
}

const signToken = (user: string, secret: string): Promise<string> =>
  new SignJWT({ uid: user, typ: 'access', sv: 0 })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('homing')
    .setExpirationTime('12h')
    .sign(new TextEncoder().encode(secret))
