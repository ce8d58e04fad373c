import { expect } from 'chai'
import { HeldDatabase } from '../support/held-database.ts'
import { Standalone } from '../support/standalone.ts'
import { newUser, signToken } from '../support/target.ts'
import { until } from '../support/until.ts'
import { WireClient } from '../support/wire-client.ts'

describe('a server told to stop', function () {
  this.timeout(30_000)

  let server: Standalone
  const clients: WireClient[] = []

  before(async () => {
    server = await Standalone.start()
  })
  after(async () => {
    for (const client of clients) client.socket.terminate()
    await server.stop()
  })

  const connect = async (user: string) => {
    const client = await WireClient.authenticated(server.url, await signToken(server, user))
    clients.push(client)
    return client
  }

  it('says so, finishes what it handles, closes with 1012 and exits with 0', async () => {
    const b = newUser('bob')
    const alice = await connect(newUser('alice'))
    const idle = await connect(newUser('carol'))
    const held = new HeldDatabase(server.dataDir)
    try {
      alice.send({ type: 'SINGLE_CHAT', clientMsgId: 'last', to: b, body: 'not lost' })
      await alice.settle()
      const exited = server.end('SIGTERM')
      const readiness = await until(async () => {
        const answer = await fetch(`${server.url}/readyz`)
        return answer.status !== 200 && answer
      }, 'it is still ready')
      expect(readiness.status).to.equal(503)
      expect(await readiness.json()).to.deep.equal({ ready: false, failed: ['draining'] })
      const late = await WireClient.open(server.url).catch((error: Error) => error.message)
      expect(late).to.equal('HTTP 503 server_busy')
      expect(await idle.closed).to.deep.equal({ code: 1012, reason: 'restarting' })
      expect(alice.all({ type: 'ACK' })).to.have.length(0)

      held.release()
      const { serverMsgId } = await alice.next({ type: 'ACK', ackType: 'accepted', clientMsgId: 'last' })
      expect(await alice.closed).to.deep.equal({ code: 1012, reason: 'restarting' })
      expect(await exited).to.equal(0)
      await server.restart()
      const bob = await connect(b)
      expect(await bob.next({ type: 'SINGLE_CHAT' })).to.include({ body: 'not lost', serverMsgId })
    } finally {
      held.release()
    }
  })
})
