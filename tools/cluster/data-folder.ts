import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitUntil } from './probe.ts'

const CLEANING_MS = 15_000

/** A data directory that is this cluster's alone: two NATS servers on one store would ruin it. */
export interface DataFolder {
  /** Where the children write what they say, one file each. */
  readonly logs: string
  release(): void
}

/**
 * Creates the directory and takes it for the launcher and its reaper. Rejects while another cluster
 * runs in it; waits for the reaper of one whose launcher was killed.
 */
export async function lockDataFolder(dataDir: string, reaperPid: number): Promise<DataFolder> {
  const logs = join(dataDir, 'logs')
  mkdirSync(logs, { recursive: true })
  const file = join(dataDir, 'launcher.pid')
  const [launcher, reaper] = readPids(file)
  if (isAlive(launcher))
    throw new Error(`a cluster runs in ${dataDir} already: its launcher is process ${launcher}`)
  if (!(await waitUntil(async () => !isAlive(reaper), AbortSignal.timeout(CLEANING_MS)))) {
    throw new Error(`process ${reaper} is still stopping the last cluster in ${dataDir}`)
  }
  rmSync(file, { force: true })
  // Fails when another launcher was faster by a moment.
  writeFileSync(file, `${process.pid} ${reaperPid}`, { flag: 'wx' })
  return { logs, release: () => rmSync(file, { force: true }) }
}

function readPids(file: string): [launcher: number, reaper: number] {
  try {
    const [launcher = 0, reaper = 0] = readFileSync(file, 'utf8').split(' ').map(Number)
    return [launcher, reaper]
  } catch {
    return [0, 0]
  }
}

function isAlive(pid: number): boolean {
  if (pid === 0) return false
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
