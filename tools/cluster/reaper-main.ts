// Started by reaper.ts: `node reaper-main.ts FILE`, with `+pid` and `-pid` lines on standard input.
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { waitUntil } from './probe.ts'

const PATIENCE_MS = 5_000

const [file = ''] = process.argv.slice(2)
const pids = new Set<number>()
for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1))
  if (line.startsWith('+')) pids.add(pid)
  else pids.delete(pid)
}

if (pids.size > 0) {
  for (const pid of pids) {
    send(pid, 'SIGTERM')
    send(pid, 'SIGCONT')
  }
  await waitUntil(async () => [...pids].every(pid => !send(pid, 0)), AbortSignal.timeout(PATIENCE_MS))
  for (const pid of pids) send(pid, 'SIGKILL')
  rmSync(file, { force: true })
}

/** Whether there was such a process. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
