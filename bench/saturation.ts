import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds } from './process-cpu.ts'
import type { WirePair } from './wire-pair.ts'

export interface SaturationResult {
  readonly messages: number
  readonly seconds: number
  /** Of all processes of the server. */
  readonly serverCpuSeconds: number
}

const WARM_UP_MS = 2000

/** Keeps `window` messages a pair under way for a while, and counts what was done and what it cost the server. */
export async function saturate(
  pairs: readonly WirePair[],
  serverPids: readonly number[],
  { window, seconds }: { window: number; seconds: number },
): Promise<SaturationResult> {
  const done = () => pairs.reduce((sum, { counters }) => sum + counters.done, 0)
  for (const pair of pairs) pair.start(window)
  await sleep(WARM_UP_MS)
  const [messages, cpu, start] = [done(), cpuSeconds(serverPids), performance.now()]
  await sleep(seconds * 1000)
  const result = {
    messages: done() - messages,
    seconds: (performance.now() - start) / 1000,
    serverCpuSeconds: cpuSeconds(serverPids) - cpu,
  }
  for (const pair of pairs) pair.pause()
  return result
}
