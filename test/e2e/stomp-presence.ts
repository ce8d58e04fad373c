import { expect } from 'chai'
import { GroupClients } from '../support/group-clients.ts'
import { StompClient } from '../support/stomp-client.ts'
import { gatewayOf, type Target } from '../support/target.ts'

/** Presence over STOMP, together with clients of the other protocol; on any target. */
export function stompPresenceSuite(target: () => Target): void {
  const clients = new GroupClients(target)
  const url = (index: number) => gatewayOf(target(), index)
  afterEach(() => clients.closeAll())

  it('presence goes between both protocols, and can be asked for', async () => {
    const [alice, bob] = [await clients.person('alice'), await clients.person('bob')]
    const a = await StompClient.connect(url(0), alice.token)
    await a.deliver(bob.id, 'm1', 'hello')
    const toBob = await clients.connect(bob, 1)
    const heard = await a.next('presence', { userId: bob.id })
    expect(heard).to.include({ type: 'PRESENCE', status: 'online' })
    expect(heard.statusChangeTime).to.be.a('number')
    await toBob.next({ type: 'PRESENCE', from: alice.id, status: 'online' })
    a.send('presence.set', { status: 'away' })
    await toBob.next({ type: 'PRESENCE', from: alice.id, status: 'away' })
    a.send('presence.query', { userIds: ['nobody', bob.id] })
    expect(await a.next('presence', { userId: 'nobody' })).to.include({ status: 'offline' })
    expect(await a.next('presence', { userId: bob.id })).to.include({ status: 'online' })
    await a.close()
  })

  for (const [destination, body] of [
    ['presence.set', { status: 'busy' }],
    ['presence.query', {}],
    ['presence.query', { userIds: [] }],
    ['presence.query', { userIds: ['no user'] }],
  ] as const)
    it(`${destination} with ${JSON.stringify(body)} is refused`, async () => {
      const a = await StompClient.connect(url(0), (await clients.person('alice')).token)
      a.send(destination, body)
      expect(await a.next('reply')).to.include({ type: 'SYSTEM', code: 'bad_presence' })
      await a.close()
    })
}
