import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'chai'
import { Random } from '../../tools/random.ts'
import { HostileUser } from '../support/hostile-user.ts'
import { Metrics } from '../support/metrics.ts'
import { PolitePair } from '../support/polite-pair.ts'
import { Standalone } from '../support/standalone.ts'
import { newUser, signToken } from '../support/target.ts'
import { until } from '../support/until.ts'

const SEED = Number(process.env.SEED ?? 20_240)
const USERS = 24
const WARM_UP_FRAMES = 10_000
const FRAMES = 100_000
const RAW_CONNECTIONS = 500
/** What may be left of it all: caches that have their final size only now. */
const HEAP_LEFT_BYTES = 4 * 2 ** 20
/** Above it, what the allocator has in pieces and keeps: it grows by 120 MiB here and by next to nothing in the next 500,000. */
const RESIDENT_LEFT_BYTES = 192 * 2 ** 20
/** Longest that a polite message may take meanwhile, on a machine that does nothing else but this. */
const PATIENCE_MS = 2000

describe(`a server under hostile input (SEED=${SEED})`, function () {
  this.timeout(180_000)
  let server: Standalone

  before(async () => {
    server = await Standalone.start(
      {
        FRAMES_BURST: '1000000',
        FRAMES_PER_SECOND: '1000000',
        MESSAGES_BURST: '1000000',
        MESSAGES_PER_SECOND: '1000000',
        ACTOR_IDLE_MS: '200',
      },
      { nodeOptions: "--expose-gc --import=data:text/javascript,process.on('SIGUSR2',()=>gc())" },
    )
  })
  after(() => server.stop())

  const memory = async (): Promise<Memory> => {
    process.kill(server.pid, 'SIGUSR2')
    const metrics = await Metrics.read(server.url)
    return {
      heap:
        metrics.value('homing_nodejs_heap_size_used_bytes') +
        metrics.value('homing_nodejs_external_memory_bytes'),
      resident: metrics.value('homing_process_resident_memory_bytes'),
    }
  }

  it('lives on, answers by the catalogue, serves everybody else, and forgets it all', async () => {
    // Nobody is there to take what they send: else most of the work would be to push it again at each bind.
    const absent = Array.from({ length: USERS }, () => newUser('oscar'))
    const hostile = await Promise.all(
      absent.map(async (_, index) => {
        const token = await signToken(server, newUser('mallory'))
        return new HostileUser(server.url, token, absent, SEED + index)
      }),
    )
    const sendAll = (frames: number) => Promise.all(hostile.map(user => user.send(Math.ceil(frames / USERS))))
    const polite = await PolitePair.start(server, server.url)
    await sendAll(WARM_UP_FRAMES)
    const before = await memory()

    await sendAll(FRAMES)
    await sendRaw(server, new Random(SEED))
    await polite.stop()
    expect(polite.exchanged).to.be.above(100)
    expect(polite.slowestMs).to.be.below(PATIENCE_MS)
    expect(server.output, 'nothing a client does is an error of the server').to.not.match(/"level":50.*/)

    await until(async () => (await Metrics.read(server.url)).connections === 0, 'connections are left')
    const rest = await settled(memory, before)
    expect(rest.heap).to.be.below(before.heap + HEAP_LEFT_BYTES)
    expect(rest.resident).to.be.below(before.resident + RESIDENT_LEFT_BYTES)
  })
})

interface Memory {
  /** Objects and buffers that are in use, after a collection. */
  readonly heap: number
  readonly resident: number
}

/** What is used once it has come down to where it was, or when it does not any more. */
async function settled(read: () => Promise<Memory>, before: Memory): Promise<Memory> {
  let last = await read()
  const isBack = async () => {
    last = await read()
    return last.heap < before.heap + HEAP_LEFT_BYTES && last.resident < before.resident + RESIDENT_LEFT_BYTES
  }
  await until(isBack, 'it does not come down').catch(() => undefined)
  return last
}

/** Bytes that are hardly HTTP, or hardly WebSocket after a handshake that is. */
async function sendRaw({ url }: Standalone, random: Random): Promise<void> {
  const { hostname, port } = new URL(url)
  const upgrade = (path: string, key: string) =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`
  const good = 'dGhlIHNhbXBsZSBub25jZQ=='
  for (let count = 0; count < RAW_CONNECTIONS; count++) {
    const opening = random.pick([
      '',
      upgrade('/ws', good),
      upgrade('/ws', 'x'),
      upgrade('//[', good),
      upgrade('/ws?token=%', good),
    ])
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    socket.resume()
    socket.end(Buffer.concat([Buffer.from(opening), random.bytes(random.below(300))]))
    await once(socket, 'close')
  }
}
