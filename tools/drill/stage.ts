import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { HistoryWriter } from '../checker/history-writer.ts'
import { type Cluster, startCluster } from '../cluster/cluster.ts'
import { Random } from '../random.ts'
import { Balancer } from './balancer.ts'
import { Links } from './links.ts'
import type { DrillOptions } from './options.ts'
import { Population } from './population.ts'

/** Rates that the drill's clients never reach. */
const unlimited = {
  HOMING_FRAMES_PER_SECOND: '1000000',
  HOMING_FRAMES_BURST: '1000000',
  HOMING_MESSAGES_PER_SECOND: '1000000',
  HOMING_MESSAGES_BURST: '1000000',
}

/** What a drill happens on: a cluster whose links can be disturbed, its users, and the history of both. */
export interface Stage {
  readonly cluster: Cluster
  readonly links: Links
  readonly population: Population
  readonly history: HistoryWriter
  readonly historyFile: string
  close(): Promise<void>
}

export interface StageManners {
  /** Whether clients are sent to any gateway, or only to those that are well. */
  readonly balanced: boolean
  /** Hears how long a client was offline, ms. */
  readonly recovered: (ms: number) => void
  /** Hears of each process that has ended, in words that begin with its name. */
  readonly ended: (line: string) => void
}

/** Resolves when all users are online. */
export async function openStage(
  options: DrillOptions,
  { balanced, recovered, ended }: StageManners,
): Promise<Stage> {
  const { seed, out, users, groups, protocols } = options
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
    report: ended,
  })
  const balancer = new Balancer(cluster.gateways)
  const population = new Population({
    users,
    groups,
    protocols,
    gateways: () => (balanced ? balancer : cluster).gateways,
    history,
    random: new Random(seed),
    tokenOf: user => signToken(user, cluster.jwtSecret),
    recovered,
  })
  const close = async () => {
    balancer.close()
    population.close()
    history.close()
    await cluster.stop()
    links.close()
  }
  try {
    await population.start()
  } catch (error) {
    await close()
    throw error
  }
  return { cluster, links, population, history, historyFile, close }
}

const signToken = (user: string, secret: string): Promise<string> =>
  new SignJWT({ uid: user, typ: 'access', sv: 0 })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('homing')
    .setExpirationTime('12h')
    .sign(new TextEncoder().encode(secret))
