import { loadavg } from 'node:os'
import type { DrillResult } from './drill.ts'
import type { DrillUser } from './drill-user.ts'
import type { DrillOptions } from './options.ts'
import { Outage, type OutageKind, outagesOf } from './outage.ts'
import { openStage, type Stage } from './stage.ts'

/** How long users may take to find their way again before the drill gives up on them. */
const RECOVERED_WITHIN_MS = 60_000
/** What is lost stays so at least this long: nobody is served by it again. */
const LOST_MS = 12_000
const SETTLED_WITHIN_MS = 60_000
/** Between two outages: what has moved moves back. */
const CALM_MS = 5000
const LOOK_EVERY_MS = 20

/** What one outage was to the users on what was lost. */
export interface Recovery {
  readonly kind: OutageKind
  readonly users: number
  /** ms until each was well again, ascending; of those who were in time. */
  readonly took: readonly number[]
  /** The machine's, over the last minute. */
  readonly load: number
}

/**
 * Loses a gateway, a host, a sidecar and a host with its sidecar in turn, killed and frozen, and measures how long it
 * takes each user on it until what the user sends is accepted and what is sent to the user arrives again. Clients
 * are sent to gateways that are well, as by a load balancer that looks every second.
 */
export async function measureRecoveries(
  options: DrillOptions,
  say: (line: string) => void,
): Promise<DrillResult> {
  const stage = await openStage(
    { ...options, groups: 0 },
    { balanced: true, recovered: () => undefined, ended: () => undefined },
  )
  const { cluster, population, history, historyFile } = stage
  const faults = new Map<string, number>()
  const recoveries: Recovery[] = []
  const missing: string[] = []
  try {
    for (const kind of outagesOf(options.faults)) {
      const outage = await Outage.of(kind, cluster, population.users)
      const [what, process] = [nameOf(kind), outage.processes.join(' ')]
      history.write({ type: 'info', f: 'fault', proc: 'drill', what, process, seed: options.seed })
      const recovery = await measure(stage, outage, options.rate)
      recoveries.push(recovery)
      say(rowOf(recovery))
      faults.set(what, 1)
      missing.push(...(await population.settle(SETTLED_WITHIN_MS)))
      await sleep(CALM_MS)
    }
    history.write({ type: 'info', f: 'quiet', proc: 'drill' })
    await population.askAllUnread()
    return { historyFile, faults, recoveries: tableOf(recoveries), missing }
  } finally {
    await stage.close()
  }
}

async function measure({ population }: Stage, outage: Outage, rate: number): Promise<Recovery> {
  const { kind, users } = outage
  const running = population.run({ rate, durationMs: LOST_MS })
  const start = performance.now()
  const begun = outage.begin()
  const took = await untilWell(users, start)
  const load = loadavg()[0] ?? 0
  await begun
  await running
  await outage.end()
  return { kind, users: users.length, took, load }
}

/** Each sends to the next at once, and is well when that is accepted and what the one before sent has arrived. */
async function untilWell(users: readonly DrillUser[], start: number): Promise<number[]> {
  const ids = users.map((user, index) =>
    user.send({ to: users[(index + 1) % users.length]?.name ?? user.name }),
  )
  const seqAt = (index: number) => users.at(index)?.seqOf(ids.at(index) ?? '')
  const isWell = (index: number) => {
    const [own, incoming] = [seqAt(index), seqAt(index - 1)]
    return own !== undefined && incoming !== undefined && users[index]?.hasReceived(incoming)
  }
  const ill = new Set(users.keys())
  const took: number[] = []
  while (ill.size > 0 && performance.now() - start < RECOVERED_WITHIN_MS) {
    for (const index of ill) {
      if (!isWell(index)) continue
      ill.delete(index)
      took.push(performance.now() - start)
    }
    await sleep(LOOK_EVERY_MS)
  }
  return took
}

/** A Markdown table. */
export const tableOf = (recoveries: readonly Recovery[]): string[] => [
  '| lost | users on it | p50 | p99 | longest | load |',
  '| --- | ---: | ---: | ---: | ---: | ---: |',
  ...recoveries.map(rowOf),
]

/** Who was not well again in time has no time: a dash where a share of the users reaches them. */
function rowOf({ kind, users, took, load }: Recovery): string {
  const at = (share: number) => {
    const ms = took[Math.min(users - 1, Math.floor(share * users))]
    return ms === undefined ? '—' : `${Math.round(ms)} ms`
  }
  return `| ${nameOf(kind)} | ${users} | ${at(0.5)} | ${at(0.99)} | ${at(1)} | ${load.toFixed(1)} |`
}

const words: Readonly<Record<OutageKind['target'], string>> = {
  gateway: 'gateway',
  host: 'host’s Node process',
  daprd: 'host’s daprd',
  pair: 'host and its daprd',
}

const nameOf = ({ target, kind }: OutageKind): string =>
  `${words[target]} ${kind === 'kill' ? 'killed' : 'frozen'}`

const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
