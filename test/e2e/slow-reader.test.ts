import { expect } from 'chai'
import { Standalone } from '../support/standalone.ts'
import { newUser, signToken } from '../support/target.ts'
import { WireClient } from '../support/wire-client.ts'

const SLOW_TIMEOUT_MS = 300
/** More than both systems' socket buffers and the server's limit take together: 16 KiB each. */
const MESSAGES = 500
const MEASURE_MS = 2000
/** What a relayed message may take while somebody else does not read. */
const USUAL_MS = 50

describe('a client that stops reading', function () {
  this.timeout(30_000)

  let server: Standalone

  before(async () => {
    server = await Standalone.start({
      SLOW_TIMEOUT_MS: String(SLOW_TIMEOUT_MS),
      OUTSTANDING_MESSAGES: String(MESSAGES),
      FRAMES_BURST: '10000',
      MESSAGES_BURST: '10000',
    })
  })
  after(() => server.stop())

  const connect = async (user: string) =>
    WireClient.open(server.url, { token: await signToken(server, user) })

  const fill = async (to: string) => {
    const sender = await connect(newUser('sender'))
    const body = '😀'.repeat(4096)
    for (let id = 0; id < MESSAGES; id++)
      sender.send({ type: 'SINGLE_CHAT', clientMsgId: `m${id}`, to, body })
    await sender.atLeast(MESSAGES, { type: 'ACK', ackType: 'saved' })
    await sender.close()
  }

  /** How long a message takes from one to the other, again and again for a while: the median, ms. */
  const relayMs = async () => {
    const [c, d] = [newUser('carol'), newUser('dave')]
    const carol = await connect(c)
    const dave = await connect(d)
    const times: number[] = []
    for (const start = performance.now(); performance.now() - start < MEASURE_MS; ) {
      const sent = performance.now()
      carol.send({ type: 'SINGLE_CHAT', clientMsgId: `m${times.length}`, to: d, body: 'quick' })
      const { serverMsgId } = await dave.next({ type: 'SINGLE_CHAT', clientMsgId: `m${times.length}` })
      times.push(performance.now() - sent)
      dave.send({ type: 'ACK', ackType: 'delivered', serverMsgId })
    }
    await Promise.all([carol.close(), dave.close()])
    return times.sort((x, y) => x - y)[times.length >> 1]
  }

  it('is closed as slow, and nobody else waits for it', async () => {
    const b = newUser('bob')
    const bob = await connect(b)
    bob.socket.pause()
    await fill(b)
    expect(await relayMs()).to.be.below(USUAL_MS)
    bob.socket.resume()
    expect(await bob.closed).to.deep.equal({ code: 4001, reason: 'slow' })

    const back = await connect(b)
    await back.atLeast(MESSAGES, { type: 'SINGLE_CHAT' })
    await back.close()
  })
})
