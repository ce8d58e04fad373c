import { setTimeout as pause } from 'node:timers/promises'
import type { Due, Schedule } from './schedule.ts'

/** As fine as Node's timers are, ms. What it adds to a message's latency is measured as `late`. */
const STEP_MS = 1

export interface PaceClock {
  /** ms of a monotonic clock. */
  now(): number
  pause(ms: number): Promise<unknown>
}

const realClock: PaceClock = { now: () => performance.now(), pause }

/**
 * Calls `onDue` for all that a schedule has before `endMs` after `start`, as near to its time as can be. What has
 * become late is not left out. Stops early when `stopped` says so.
 */
export async function pace(
  schedule: Schedule,
  { start, endMs, stopped = () => false }: { start: number; endMs: number; stopped?: () => boolean },
  onDue: (due: Due) => void,
  clock: PaceClock = realClock,
): Promise<void> {
  for (;;) {
    const elapsed = clock.now() - start
    for (const due of schedule.due(Math.min(elapsed, endMs))) onDue(due)
    if (elapsed >= endMs || stopped()) return
    await clock.pause(STEP_MS)
  }
}
