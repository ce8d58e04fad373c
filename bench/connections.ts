import { setTimeout as pause } from 'node:timers/promises'
import { type ByRole, cpuSeconds, difference, residentBytes, total } from './process-cpu.ts'
import type { Subject } from './subjects/subject.ts'
import { WireClient } from './wire-client.ts'

export interface ConnectionsResult {
  readonly connections: number
  /** Attempts that the server gave up and that had to be made again. */
  readonly retries: number
  /** Connected and authenticated a second, with 50 under way. */
  readonly perSecond: number
  /** CPU of all processes for one, ms. */
  readonly cpuMs: number
  /** Resident memory that processes have more than before, for one idle connection, bytes by role. */
  readonly bytes: ByRole
}

const AT_ONCE = 50
const TRIES = 5
/** Connections before those that are measured. */
const WARM_UP = 1000
/** After which a garbage collector has had its chance and caches have been written. */
const IDLE_MS = 5000

/** Tries until it works, `TRIES` times at most. */
async function persist<T>(attempt: () => Promise<T>, failed: () => void): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (tries === TRIES) throw error
      failed()
    }
  }
}

/**
 * Connects many users to a freshly started subject and lets them idle. What the first ones bring (compiled code, pools,
 * caches) is not counted: it does not come again with the next.
 */
export async function measureConnections(subject: Subject, count: number): Promise<ConnectionsResult> {
  const { processes } = subject
  const first = await connectMany(subject, 'first', WARM_UP)
  await pause(IDLE_MS)
  const memory = residentBytes(processes)
  const cpu = cpuSeconds(processes)
  const start = performance.now()
  const { clients, retries } = await connectMany(subject, 'idle', count)
  const seconds = (performance.now() - start) / 1000
  const used = total(difference(cpuSeconds(processes), cpu))
  await pause(IDLE_MS)
  const grown = Object.entries(difference(residentBytes(processes), memory))
  const bytes = Object.fromEntries(grown.map(([role, more]) => [role, more / count]))
  for (const client of [...first.clients, ...clients]) client.close()
  return { connections: count, retries, perSecond: count / seconds, cpuMs: (used * 1000) / count, bytes }
}

async function connectMany(
  { urls, dialect }: Subject,
  name: string,
  count: number,
): Promise<{ clients: WireClient[]; retries: number }> {
  const clients: WireClient[] = []
  let next = 0
  let retries = 0
  const work = async () => {
    while (next < count) {
      const i = next++
      const url = urls[i % urls.length] ?? ''
      clients.push(
        await persist(
          () => WireClient.connect(url, `${name}-${i}`, dialect),
          () => retries++,
        ),
      )
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return { clients, retries }
}
