import { expect } from 'chai'
import { HeldDatabase } from '../support/held-database.ts'
import { Metrics } from '../support/metrics.ts'
import { Standalone } from '../support/standalone.ts'
import { newUser, signToken } from '../support/target.ts'
import { until } from '../support/until.ts'
import { WireClient } from '../support/wire-client.ts'

const QUEUE = 100
/** What one read of a socket may bring beyond it, at a kilobyte a message. */
const ONE_READ = 100

describe('a server whose database takes no writes', function () {
  this.timeout(30_000)

  let server: Standalone
  let held: HeldDatabase
  let alice: WireClient
  let carol: WireClient
  let b: string

  before(async () => {
    server = await Standalone.start({
      MAX_QUEUED_FRAMES: String(QUEUE),
      FRAMES_BURST: '10000',
      MESSAGES_BURST: '10000',
    })
  })
  after(() => server.stop())
  beforeEach(async () => {
    b = newUser('bob')
    alice = await WireClient.authenticated(server.url, await signToken(server, newUser('alice')))
    carol = await WireClient.authenticated(server.url, await signToken(server, newUser('carol')))
    held = new HeldDatabase(server.dataDir)
  })
  afterEach(() => {
    held.release()
    alice.socket.terminate()
    carol.socket.terminate()
  })

  const send = (clientMsgId: string) =>
    alice.send({ type: 'SINGLE_CHAT', clientMsgId, to: b, body: clientMsgId.padEnd(1000) })
  const queued = async () => (await Metrics.read(server.url)).value('homing_queue_depth{queue="operations"}')

  it('reads no more than it can queue, and handles all of it in order later', async () => {
    const ids = Array.from({ length: 1000 }, (_, index) => `m${index}`)
    for (const id of ids) send(id)
    alice.send({ type: 'PING' })
    await until(async () => (await queued()) >= QUEUE, 'nothing is queued')
    for (let round = 0; round < 20; round++) await carol.settle()
    expect(alice.all({ type: 'PONG' }), 'what comes after is not read').to.have.length(0)
    expect(await queued()).to.be.below(QUEUE + ONE_READ)

    held.release()
    await alice.next({ type: 'PONG' })
    const acks = await alice.atLeast(ids.length, { type: 'ACK', ackType: 'saved' })
    expect(acks.map(({ clientMsgId }) => clientMsgId)).to.deep.equal(ids)
    expect(alice.all({ type: 'ERROR' })).to.have.length(0)
  })

  it('is busy after a while, and accepts the same message once it can', async () => {
    send('m1')
    await alice.next({ type: 'ERROR', clientMsgId: 'm1', reason: 'server_busy' })
    await alice.settle()
    held.release()
    send('m1')
    await alice.next({ type: 'ACK', clientMsgId: 'm1', ackType: 'saved' })
  })
})
