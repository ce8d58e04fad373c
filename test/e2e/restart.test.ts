import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { directConversation } from '../../protocol/ids.ts'
import { api, unreadOf } from '../support/api.ts'
import { Standalone } from '../support/standalone.ts'
import { newUser, signToken } from '../support/target.ts'
import { WireClient } from '../support/wire-client.ts'

describe('over a restart', function () {
  this.timeout(30_000)

  let server: Standalone
  let a: string
  let b: string

  before(async () => {
    server = await Standalone.start()
  })
  after(() => server.stop())
  beforeEach(() => {
    a = newUser('alice')
    b = newUser('bob')
  })

  const connect = async (user: string) => WireClient.authenticated(server.url, await signToken(server, user))
  const unread = async () => unreadOf(server.url, b, await signToken(server, b))
  const restart = async (signal: NodeJS.Signals) => {
    await server.end(signal)
    await server.restart()
  }
  const send = async (alice: WireClient, clientMsgId: string) => {
    alice.send({ type: 'SINGLE_CHAT', clientMsgId, to: b, body: clientMsgId })
    return (await alice.next({ type: 'ACK', ackType: 'saved', clientMsgId })).serverMsgId
  }
  const texts = (client: WireClient) => client.all({ type: 'SINGLE_CHAT' }).map(({ body }) => body)

  for (const [how, signal] of [
    ['in order', 'SIGTERM'],
    ['after kill -9', 'SIGKILL'],
  ] as const) {
    describe(how, () => {
      it('a repeated clientMsgId has its first serverMsgId, and is not delivered again', async () => {
        const first = await send(await connect(a), 'once')
        await restart(signal)
        const alice = await connect(a)
        expect(await send(alice, 'once')).to.equal(first)
        alice.send({ type: 'SINGLE_CHAT', clientMsgId: 'once', to: b, body: 'changed' })
        await alice.next({ type: 'ERROR', clientMsgId: 'once', reason: 'client_msg_id_conflict' })
        expect(Number(await send(alice, 'next'))).to.be.above(Number(first))
        const bob = await connect(b)
        await bob.atLeast(2, { type: 'SINGLE_CHAT' })
        await bob.settle()
        expect(texts(bob)).to.deep.equal(['once', 'next'])
      })

      it('what was not acknowledged comes in order, what was never does', async () => {
        const alice = await connect(a)
        const bob = await connect(b)
        for (const id of ['m1', 'm2', 'm3', 'm4']) await send(alice, id)
        const [, second] = await bob.atLeast(4, { type: 'SINGLE_CHAT' })
        bob.send({ type: 'ACK', ackType: 'delivered', serverMsgId: second?.serverMsgId, upTo: true })
        bob.send({ type: 'ACK', ackType: 'read', serverMsgId: second?.serverMsgId })
        await alice.next({ type: 'ACK', ackType: 'read', serverMsgId: second?.serverMsgId })
        await bob.settle()
        // Cursors are written behind; a count is made from what is written.
        expect(await unread()).to.deep.equal({ [directConversation(a, b)]: 2 })
        await restart(signal)

        expect(await unread()).to.deep.equal({ [directConversation(a, b)]: 2 })
        await send(await connect(a), 'm5')
        expect(await unread()).to.deep.equal({ [directConversation(a, b)]: 3 })
        const back = await connect(b)
        await back.atLeast(3, { type: 'SINGLE_CHAT' })
        await back.settle()
        expect(texts(back)).to.deep.equal(['m3', 'm4', 'm5'])
      })

      it('a session that was ended stays ended, and one that was not goes on', async () => {
        const body = { username: newUser('carol'), password: 'secret' }
        const login = async () =>
          (await api(server.url, '/auth/login', { body })).body.data as { accessToken: string }
        const [ended, current] = [await login(), await login()]
        await restart(signal)
        const verdict = async (token: string) =>
          (await api(server.url, '/auth/users?username=x', { token })).status
        expect(await verdict(ended.accessToken)).to.equal(401)
        expect(await verdict(current.accessToken)).to.equal(404)
        const handshake = WireClient.open(server.url, { token: ended.accessToken })
        expect(await handshake.catch((error: Error) => error.message)).to.equal('HTTP 401 session_invalid')
        await (await WireClient.authenticated(server.url, current.accessToken)).close()
      })
    })
  }
})

describe('a data directory', function () {
  this.timeout(30_000)

  it('keeps the secret that its server has made, for its owner’s eyes only', async () => {
    const server = await Standalone.start({ JWT_SECRET: undefined })
    try {
      const path = join(server.dataDir, 'jwt-secret')
      const secret = await readFile(path, 'utf8')
      expect((await stat(path)).mode & 0o777).to.equal(0o600)
      expect(secret.trim()).to.have.length.of.at.least(32)
      const body = { username: 'alice', password: 'secret' }
      const { data } = (await api(server.url, '/auth/login', { body })).body
      await server.end('SIGKILL')
      await server.restart()
      expect(await readFile(path, 'utf8')).to.equal(secret)
      const { accessToken } = data as { accessToken: string }
      await (await WireClient.authenticated(server.url, accessToken)).close()
    } finally {
      await server.stop()
    }
  })

  it('has one server at a time: a second says so and exits, and the first goes on', async () => {
    const server = await Standalone.start()
    try {
      const { dataDir } = server
      const refused = await Standalone.start({}, { dataDir }).catch((error: Error) => error.message)
      expect(refused).to.include('the server exited with 1')
      expect(refused).to.include(`the data directory ${dataDir} is in use by another server`)
      const token = await signToken(server, newUser('alice'))
      await (await WireClient.authenticated(server.url, token)).close()
    } finally {
      await server.stop()
    }
  })
})
