import { expect } from 'chai'
import { Random } from '../../tools/random.ts'
import { HostileBinary } from '../support/hostile-binary.ts'
import { Metrics } from '../support/metrics.ts'
import { MsgpackClient, type } from '../support/msgpack-client.ts'
import { PolitePair } from '../support/polite-pair.ts'
import { Standalone } from '../support/standalone.ts'
import { newUser, signToken } from '../support/target.ts'
import { until } from '../support/until.ts'

const SEED = Number(process.env.SEED ?? 20_240)
const USERS = 16
/** After so many, the heap and its generations have the size that they keep. */
const WARM_UP_FRAMES = 100_000
const FRAMES = 100_000
/** More could close before the last: the fourth frame that nobody can read does. */
const AT_A_TIME = 40
/** What may be left of it all, in use and of the process. */
const LEFT_BYTES = 64 * 2 ** 20
const PATIENCE_MS = 2000
/** How a server ends a connection for what came over it. */
const closeCodes = new Set([1006, 1009, 4501, 4503, 4505])
const answers = new Set<number>([type.ack, type.authRsp, type.chatPush, type.syncRsp, type.pong, type.error])

describe(`a server under hostile binary frames (SEED=${SEED})`, function () {
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

  /** Sends so many frames over one connection after the other, and judges what it is told. */
  const attack = async (frames: HostileBinary, token: string, count: number) => {
    for (let left = count; left > 0; ) {
      const client = await MsgpackClient.authenticated(server.url, token)
      let open = true
      void client.closed.then(({ code }) => {
        open = false
        if (!closeCodes.has(code)) throw new Error(`closed with ${code}`)
      })
      while (left > 0 && open) {
        for (let some = AT_A_TIME; some > 0 && left > 0; some--, left--) client.sendBytes(frames.next())
        const settled = client.settle()
        await settled.catch((error: Error) => {
          if (open) throw error
        })
        for (const frame of client.frames.splice(0)) judge(frame.type, frame.payload)
      }
      client.socket.terminate()
    }
  }

  const memory = async () => {
    process.kill(server.pid, 'SIGUSR2')
    const metrics = await Metrics.read(server.url)
    const used =
      metrics.value('homing_nodejs_heap_size_used_bytes') +
      metrics.value('homing_nodejs_external_memory_bytes')
    return { used, resident: metrics.value('homing_process_resident_memory_bytes') }
  }

  it('lives on, answers by the table, serves everybody else, and forgets it all', async () => {
    const absent = Array.from({ length: USERS }, () => newUser('oscar'))
    const attackers = await Promise.all(
      absent.map(async (_, index) => {
        const token = await signToken(server, newUser('mallory'))
        return { token, frames: new HostileBinary(new Random(SEED + index), absent, token) }
      }),
    )
    const attackAll = (count: number) =>
      Promise.all(attackers.map(({ frames, token }) => attack(frames, token, Math.ceil(count / USERS))))
    const polite = await PolitePair.start(server, server.url)
    await attackAll(WARM_UP_FRAMES)
    const before = await memory()
    await attackAll(FRAMES)
    await polite.stop()
    expect(polite.exchanged).to.be.above(100)
    expect(polite.slowestMs).to.be.below(PATIENCE_MS)
    expect(server.output, 'nothing a client does is an error of the server').to.not.match(/"level":50.*/)
    await until(
      async () => (await Metrics.read(server.url)).value('homing_connections{protocol="msgpack"}') === 0,
      'connections are left',
    )
    let now = before
    const isBack = async () => {
      now = await memory()
      return now.used < before.used + LEFT_BYTES && now.resident < before.resident + LEFT_BYTES
    }
    await until(isBack, 'it does not come down').catch(() => undefined)
    expect(now.used).to.be.below(before.used + LEFT_BYTES)
    expect(now.resident).to.be.below(before.resident + LEFT_BYTES)
  })
})

function judge(frameType: number, payload: object): void {
  const code = 'code' in payload ? String(payload.code) : ''
  if (!answers.has(frameType) || code === 'WS_INTERNAL_ERROR')
    throw new Error(`the server said ${frameType} ${JSON.stringify(payload).slice(0, 300)}`)
}
