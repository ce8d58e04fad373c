// npm run bench has no part of it: node bench/group-fan-out.ts [--subject standalone] [--members 10000]
// [--online 1000] [--messages 500] — what it costs to bring one group's messages to all who are there.
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type OwnServer, startOwnCluster, startStandalone } from '../tools/load/own-server.ts'
import { signToken } from '../tools/load/tokens.ts'
import { homingDialect } from './dialects/homing.ts'
import { cpuSeconds, difference, total } from './process-cpu.ts'
import { startDatabase } from './servers/server-process.ts'
import { WireClient } from './wire-client.ts'

const BODY = 'a message as people write them, of about a hundred characters, more or less: see you at eight?'
/** Members added by one request. */
const ADDED_AT_ONCE = 999
const CONNECTED_AT_ONCE = 50
/** Messages under way: enough that the server never waits for the sender. */
const WINDOW = 16
const ACK_EVERY = 100
const WAIT_MS = 120_000

const { values } = parseArgs({
  options: {
    subject: { type: 'string', default: 'standalone' },
    members: { type: 'string', default: '10000' },
    online: { type: 'string', default: '1000' },
    messages: { type: 'string', default: '500' },
  },
})
const [members, online, messages] = [values.members, values.online, values.messages].map(Number) as [
  number,
  number,
  number,
]
const unlimited = {
  FRAMES_PER_SECOND: '1000000',
  FRAMES_BURST: '1000000',
  MESSAGES_PER_SECOND: '1000000',
  MESSAGES_BURST: '1000000',
}
const user = (index: number) => `fan-${index}`

const database = values.subject === 'cluster' ? await startDatabase() : undefined
const server = await (database
  ? startOwnCluster({ ...unlimited, DATABASE_URL: database.url }, () => undefined)
  : startStandalone(unlimited))
try {
  const groupId = await makeGroup(server)
  const result = await measure(server, groupId)
  process.stdout.write(
    `${JSON.stringify({ subject: values.subject, members, online, messages, ...result })}\n`,
  )
} finally {
  await server.stop()
  await database?.stop()
}
process.exit(0)

async function makeGroup({ urls, secret }: OwnServer): Promise<string> {
  const headers = {
    authorization: `Bearer ${signToken(user(0), secret)}`,
    'content-type': 'application/json',
  }
  const post = async (path: string, body: object) => {
    const url = new URL(`/api/im/groups${path}`, urls[0])
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(await answer.text())
    return (await answer.json()) as { data?: { groupId: string } }
  }
  const { data } = await post('', { groupName: 'fan-out', memberIds: [] })
  const groupId = data?.groupId ?? ''
  for (let from = 1; from < members; from += ADDED_AT_ONCE) {
    const count = Math.min(ADDED_AT_ONCE, members - from)
    await post(`/${groupId}/members`, { memberIds: Array.from({ length: count }, (_, n) => user(from + n)) })
  }
  return groupId
}

async function measure(subject: OwnServer, groupId: string) {
  const { urls, secret, processes } = subject
  const dialect = homingDialect('', name => signToken(name, secret), 'client')
  const clients: WireClient[] = []
  let received = 0
  let next = 0
  const connect = async () => {
    while (next < online) {
      const index = next++
      let own = 0
      const client: WireClient = await WireClient.connect(
        urls[index % urls.length] ?? '',
        user(index),
        dialect,
        frame => {
          if (!frame.startsWith('{"type":"GROUP_CHAT"')) return
          received++
          own++
          const seq = /"serverMsgId":"(\d+)"/.exec(own % ACK_EVERY === 0 ? frame : '')?.[1]
          if (seq !== undefined) client.send(dialect.acknowledgement?.frame(seq) ?? '')
        },
      )
      clients.push(client)
    }
  }
  await Promise.all(Array.from({ length: CONNECTED_AT_ONCE }, connect))
  await pause(3000)
  const sender = clients.find(client => client.user === user(0))
  const perMessage = online - 1
  const send = (n: number) =>
    sender?.send(JSON.stringify({ type: 'GROUP_CHAT', clientMsgId: `f-${n}`, groupId, body: BODY }))

  const until = async (count: number) => {
    const deadline = performance.now() + WAIT_MS
    while (received < count) {
      if (performance.now() > deadline) throw new Error(`${received} of ${count} deliveries came`)
      await pause(1)
    }
  }
  const run = async (from: number, to: number) => {
    const base = received
    for (let n = from; n < to; n++) {
      send(n)
      await until(base + (n - from + 1 - WINDOW) * perMessage)
    }
    await until(base + (to - from) * perMessage)
  }
  await run(0, 50)
  const before = cpuSeconds(processes)
  const start = performance.now()
  await run(50, 50 + messages)
  const seconds = (performance.now() - start) / 1000
  const used = difference(cpuSeconds(processes), before)
  const deliveries = messages * perMessage
  for (const client of clients) client.close()
  return {
    deliveries,
    deliveriesPerSecond: Math.round(deliveries / seconds),
    cpuSeconds: used,
    deliveriesPerCpuSecond: Math.round(deliveries / total(used)),
  }
}
