import { expect } from 'chai'
import { Standalone } from '../support/standalone.ts'
import { newUser, signToken } from '../support/target.ts'
import { until } from '../support/until.ts'
import { WireClient } from '../support/wire-client.ts'

const BURST = 6
const PER_SECOND = 10
const taken = ['m1', 'm2', 'm3', 'm4', 'm5', 'm6']

describe('after a refused send, later sends of the connection to the same conversation', () => {
  let server: Standalone
  let alice: WireClient
  let bob: WireClient
  let b: string

  before(async () => {
    server = await Standalone.start({
      MESSAGES_PER_SECOND: String(PER_SECOND),
      MESSAGES_BURST: String(BURST),
    })
  })
  after(() => server.stop())
  afterEach(() => {
    alice.socket.terminate()
    bob.socket.terminate()
  })

  const send = (clientMsgId: string, to = b) =>
    alice.send({ type: 'SINGLE_CHAT', clientMsgId, to, body: clientMsgId })
  const saved = (clientMsgId: string) => alice.next({ type: 'ACK', ackType: 'saved', clientMsgId })
  const busy = (clientMsgId: string) => alice.next({ type: 'ERROR', reason: 'server_busy', clientMsgId })

  /** m1–m6 are taken, m7 is over the rate; then there is room again. */
  const begin = async (ordered: boolean) => {
    b = newUser('bob')
    bob = await WireClient.authenticated(server.url, await signToken(server, b))
    alice = await WireClient.open(server.url)
    alice.send({ type: 'AUTH', token: await signToken(server, newUser('alice')), ordered })
    await alice.next({ type: 'AUTH_OK' })
    for (const id of [...taken, 'm7']) send(id)
    await alice.next({ type: 'ERROR', reason: 'too_many_requests', clientMsgId: 'm7' })
    const full = performance.now() + (BURST / PER_SECOND) * 1000
    await until(() => performance.now() >= full, 'time stands still')
  }

  const received = async (count: number) => {
    const frames = await bob.atLeast(count, { type: 'SINGLE_CHAT' })
    await bob.settle()
    return frames.map(({ body }) => body)
  }

  it('are refused with server_busy until that one is repeated, where AUTH said ordered', async () => {
    await begin(true)
    send('m8')
    await busy('m8')
    send('m8')
    await busy('m8')
    send('other conversation', newUser('carol'))
    await saved('other conversation')
    send('m7')
    await saved('m7')
    send('m8')
    await saved('m8')
    expect(await received(8)).to.deep.equal([...taken, 'm7', 'm8'])
  })

  it('are accepted as ever without it', async () => {
    await begin(false)
    send('m8')
    await saved('m8')
    send('m7')
    await saved('m7')
    expect(await received(8)).to.deep.equal([...taken, 'm8', 'm7'])
    expect(alice.all({ reason: 'server_busy' })).to.have.length(0)
  })
})
