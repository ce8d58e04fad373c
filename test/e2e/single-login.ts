import { expect } from 'chai'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { WireClient } from '../support/wire-client.ts'

/** One connection a user, on any target. */
export function singleLoginSuite(target: () => Target): void {
  describe('a second login', () => {
    it('closes the first connection before it can send, and takes over what is for the user', async () => {
      const user = newUser('alice')
      const peer = newUser('bob')
      const token = await signToken(target(), user)
      const first = await WireClient.authenticated(gatewayOf(target(), 0), token)
      const second = await WireClient.authenticated(gatewayOf(target(), 1), token)
      expect(await first.next({ type: 'ERROR' })).to.include({ reason: 'kicked' })
      expect(await first.closed).to.deep.equal({ code: 4500, reason: 'kicked' })

      const bob = await WireClient.authenticated(gatewayOf(target(), 0), await signToken(target(), peer))
      bob.send({ type: 'SINGLE_CHAT', clientMsgId: 'm1', to: user, body: 'to the second' })
      await second.next({ type: 'SINGLE_CHAT', body: 'to the second' })
      expect(first.all({ type: 'SINGLE_CHAT' })).to.have.length(0)
      await Promise.all([second.close(), bob.close()])
    })

    it('is not undone by the late end of the first', async () => {
      const user = newUser('alice')
      const token = await signToken(target(), user)
      const first = await WireClient.authenticated(gatewayOf(target(), 0), token)
      const second = await WireClient.authenticated(gatewayOf(target(), 1), token)
      await first.closed
      await first.close()
      second.send({ type: 'SINGLE_CHAT', clientMsgId: 'm1', to: newUser('bob'), body: 'still bound' })
      await second.next({ type: 'ACK', ackType: 'saved', clientMsgId: 'm1' })
      await second.close()
    })

    it('replaces connections of other devices too, and of handshake tokens', async () => {
      const user = newUser('alice')
      const phone = await WireClient.open(gatewayOf(target(), 0), {
        token: await signToken(target(), user, { device: 'phone' }),
      })
      await phone.settle()
      const laptop = await WireClient.open(gatewayOf(target(), 1), {
        token: await signToken(target(), user),
        query: { device: 'laptop' },
      })
      expect(await phone.closed).to.include({ code: 4500 })
      await laptop.settle()
      expect(laptop.frames.filter(({ type }) => type !== 'PONG')).to.deep.equal([])
      await laptop.close()
    })
  })

  it('1,000 logins of one user from 50 sockets at once leave one bound, and no other accepts or receives', async function () {
    this.timeout(60_000)
    const user = newUser('alice')
    const token = await signToken(target(), user)
    const clients: WireClient[] = []
    const loginsOf = async (index: number) => {
      for (let round = 0; round < 20; round++) {
        const client = await WireClient.open(gatewayOf(target(), index + round))
        clients.push(client)
        client.send({ type: 'AUTH', token })
        client.send({
          type: 'SINGLE_CHAT',
          clientMsgId: `s${index}-${round}`,
          to: `${user}-sink`,
          body: 'early',
        })
        await Promise.race([client.next({ type: 'AUTH_OK' }), client.closed])
      }
    }
    await Promise.all(Array.from({ length: 50 }, (_, index) => loginsOf(index)))
    const sender = await WireClient.authenticated(
      gatewayOf(target(), 0),
      await signToken(target(), newUser('bob')),
    )

    const open = await untilOneOpen(clients)
    sender.send({ type: 'SINGLE_CHAT', clientMsgId: 'late', to: user, body: 'for the one' })
    await open.next({ type: 'SINGLE_CHAT', clientMsgId: 'late' })
    open.send({ type: 'SINGLE_CHAT', clientMsgId: 'last', to: `${user}-sink`, body: 'from the one' })
    await open.next({ type: 'ACK', clientMsgId: 'last', ackType: 'saved' })
    for (const client of clients) {
      if (client === open) continue
      expect(client.all({ type: 'SINGLE_CHAT' })).to.have.length(0)
      expect(await client.closed).to.include({ code: 4500 })
    }
    await Promise.all([open.close(), sender.close()])
  })
}

/** Waits until all but one are closed. */
async function untilOneOpen(clients: readonly WireClient[]): Promise<WireClient> {
  for (;;) {
    const open = clients.filter(({ socket }) => socket.readyState === socket.OPEN)
    const [only, ...others] = open
    if (!only) throw new Error('every connection was closed')
    if (others.length === 0) return only
    await Promise.race(open.map(client => client.closed))
  }
}
