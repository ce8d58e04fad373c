import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MemoryBus } from '../messaging/memory-bus.ts'
import type { Fence, NewEntry } from '../messaging/message-log.ts'
import { directFeed, userOwner } from '../protocol/ids.ts'
import { makeLogger } from '../runtime/logger.ts'
import { SqlLog } from '../storage/sql-log.ts'
import { SqlStore } from '../storage/sql-store.ts'

/**
 * What an append to the standalone log costs: CPU of the whole process a row and latency of an append, for so many
 * senders that each have one append of one message under way.
 */
const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '50000' },
    users: { type: 'string', default: '100' },
    inflight: { type: 'string', default: '100' },
  },
})
const [messages, users, inflight] = [Number(values.messages), Number(values.users), Number(values.inflight)]

const directory = mkdtempSync(join(tmpdir(), 'homing-bench-'))
const path = join(directory, 'homing.db')
const store = await SqlStore.sqlite(path)
await store.migrate()
const bus = new MemoryBus()
let commits = 0
bus.subscribe('watermark', () => {
  commits += 1
})
const log = new SqlLog(path, bus, makeLogger('silent', 'bench'))

const name = (n: number) => `user${n % users}`
const fences = new Map<string, Fence>()
for (let n = 0; n < users; n += 1) {
  const owner = userOwner(name(n))
  fences.set(name(n), { owner, epoch: await log.claim(owner, { token: 'bench', body: null }, 0) })
}

const body = 'x'.repeat(100)
function message(n: number): NewEntry {
  const [from, to] = [name(n), name(n + 1 + ((n * 7919) % (users - 1)))]
  const entry = {
    kind: 'direct' as const,
    from,
    to,
    clientMsgId: `c${n}`,
    body,
    msgType: 'TEXT',
    ts: Date.now(),
  }
  return { feed: directFeed(to), dedupeId: `${from}:c${n}`, entry }
}

const latencies: number[] = []
let sent = 0
async function sender(): Promise<void> {
  while (sent < messages) {
    const next = message(sent)
    sent += 1
    const started = performance.now()
    await log.append(fences.get(next.entry.from) ?? { owner: '', epoch: 0 }, [next])
    latencies.push(performance.now() - started)
  }
}

commits = 0
const [startedAt, cpuBefore] = [performance.now(), process.cpuUsage()]
await Promise.all(Array.from({ length: inflight }, sender))
const [seconds, cpu] = [(performance.now() - startedAt) / 1000, process.cpuUsage(cpuBefore)]
latencies.sort((a, b) => a - b)
const result = {
  users,
  inflight,
  rowsPerSecond: Math.round(messages / seconds),
  rowsPerCommit: Number((messages / commits).toFixed(1)),
  userMicrosPerRow: Number((cpu.user / messages).toFixed(1)),
  systemMicrosPerRow: Number((cpu.system / messages).toFixed(1)),
  p50Ms: Number(latencies[Math.floor(messages * 0.5)]?.toFixed(2)),
  p99Ms: Number(latencies[Math.floor(messages * 0.99)]?.toFixed(2)),
}
process.stdout.write(`${JSON.stringify(result)}\n`)
await log.close()
await store.close()
rmSync(directory, { recursive: true, force: true })
