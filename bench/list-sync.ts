import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { WebsiteAdmin } from '../test/e2e/list-sync-websites.ts'
import { Standalone } from '../test/support/standalone.ts'
import { signToken } from '../test/support/target.ts'
import { cpuSeconds, residentBytes, total } from './process-cpu.ts'

/**
 * What one change costs with many subscribers: `node bench/list-sync.ts [subscribers] [changes]`. A standalone
 * server, its subscribers over WebSocket in four processes on the same machine, changes one after another. Prints
 * the server's CPU time for a change, and the time from the request to the last subscriber's receipt.
 */
const subscribers = Number(process.argv[2] ?? 10_000)
const changes = Number(process.argv[3] ?? 50)
const PROCESSES = 4

const server = await Standalone.start({ LOG_LEVEL: 'error' })
const measured = [{ role: 'server', pid: server.pid }]
const holders: ChildProcess[] = []
try {
  const idle = total(residentBytes(measured))
  const token = await signToken(server, 'viewer')
  const each = Math.ceil(subscribers / PROCESSES)
  for (let n = 0; n < PROCESSES; n++)
    holders.push(
      fork(join(import.meta.dirname, 'list-sync-subscribers.ts'), [server.url, token, String(each)]),
    )
  await Promise.all(holders.map(holder => once(holder, 'message')))
  const memory = (total(residentBytes(measured)) - idle) / 1024 / (each * PROCESSES)
  const admin = await WebsiteAdmin.at(server, 0)
  for (let n = 0; n < 5; n++) await changeAndWait(admin)

  const before = total(cpuSeconds(measured))
  const latencies: number[] = []
  for (let n = 0; n < changes; n++) latencies.push(await changeAndWait(admin))
  const cpu = total(cpuSeconds(measured)) - before
  latencies.sort((a, b) => a - b)
  const at = (part: number) => latencies[Math.ceil(latencies.length * part) - 1]
  report(`${each * PROCESSES} subscribers, ${memory.toFixed(0)} KB of the server each`)
  report(`a change: ${((cpu / changes) * 1000).toFixed(1)} ms CPU of the server`)
  report(`last receipt after p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`)
} finally {
  for (const holder of holders) holder.kill()
  await server.stop()
}
process.exit(0)

/** ms from the request until every subscriber has the event. */
async function changeAndWait(admin: WebsiteAdmin): Promise<number> {
  const start = Date.now()
  const receipts = Promise.all(holders.map(holder => once(holder, 'message')))
  await admin.create()
  const last = (await receipts).map(([receipt]) => (receipt as { at: number }).at)
  return Math.max(...last) - start
}

function report(line: string): void {
  process.stdout.write(`${line}\n`)
}
