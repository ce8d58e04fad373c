import { expect } from 'chai'
import { HeldDatabase } from '../support/held-database.ts'
import { Standalone } from '../support/standalone.ts'
import { newUser, signToken } from '../support/target.ts'
import { until } from '../support/until.ts'
import { WireClient } from '../support/wire-client.ts'

/** Longer than a gateway may stand still without doubting its connections. */
const FROZEN_MS = 3000

describe('a server that stood still', () => {
  let server: Standalone

  before(async () => {
    server = await Standalone.start()
  })
  after(() => server.stop())

  it('has its connections confirmed and goes on, also where a session was being renewed', async function () {
    this.timeout(20_000)
    const [a, b] = [newUser('alice'), newUser('bob')]
    const token = await signToken(server, a)
    const alice = await WireClient.authenticated(server.url, token)
    const bob = await WireClient.authenticated(server.url, await signToken(server, b))
    const send = (clientMsgId: string) => alice.send({ type: 'SINGLE_CHAT', clientMsgId, to: b, body: 'hi' })

    const held = new HeldDatabase(server.dataDir)
    try {
      send('under way')
      alice.send({ type: 'AUTH', token })
      await alice.settle()
      process.kill(server.pid, 'SIGSTOP')
      const thaw = performance.now() + FROZEN_MS
      await until(() => performance.now() > thaw, 'time stands still')
      process.kill(server.pid, 'SIGCONT')
      for (let round = 0; round < 5; round++) await bob.settle()
    } finally {
      held.release()
    }
    await alice.next({ type: 'ACK', ackType: 'saved', clientMsgId: 'under way' })
    await alice.next({ type: 'AUTH_OK' })
    send('afterwards')
    await alice.next({ type: 'ACK', ackType: 'saved', clientMsgId: 'afterwards' })
    const received = await bob.atLeast(2, { type: 'SINGLE_CHAT' })
    expect(received.map(({ clientMsgId }) => clientMsgId)).to.deep.equal(['under way', 'afterwards'])
    await Promise.all([alice.close(), bob.close()])
  })
})
