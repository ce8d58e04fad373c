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

/** Connects many users to a freshly started subject and lets them idle. */
export async function measureConnections(
  { urls, dialect, processes }: Subject,
  count: number,
): Promise<ConnectionsResult> {
  const memory = residentBytes(processes)
  const cpu = cpuSeconds(processes)
  const start = performance.now()
  const clients: WireClient[] = []
  let next = 0
  let retries = 0
  const work = async () => {
    while (next < count) {
      const i = next++
      const url = urls[i % urls.length] ?? ''
      clients.push(
        await persist(
          () => WireClient.connect(url, `idle-${i}`, dialect),
          () => retries++,
        ),
      )
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  const seconds = (performance.now() - start) / 1000
  const used = total(difference(cpuSeconds(processes), cpu))
  await pause(IDLE_MS)
  const grown = Object.entries(difference(residentBytes(processes), memory))
  const bytes = Object.fromEntries(grown.map(([role, more]) => [role, more / count]))
  for (const client of clients) client.close()
  return { connections: count, retries, perSecond: count / seconds, cpuMs: (used * 1000) / count, bytes }
}
