import { expect } from 'chai'
import type { customerSessionStatuses } from '../../protocol/customer-session.ts'
import type { Store } from '../../storage/store.ts'
import { newUser } from './message-log.ts'

/** The promises of CustomerSessionStore and OnlineStore. */
export function customerServiceContract(store: () => Store): void {
  const sessions = () => store().customerSessions
  const online = () => store().online
  const agentOf = (id: string) => ({ id, name: `Agent ${id}` })

  describe('customer sessions', () => {
    it('go from waiting to active to closed', async () => {
      const [customer, agent] = [newUser(), newUser()]
      const opened = await sessions().open(customer, 1000)
      expect(opened).to.deep.equal({
        id: opened.id,
        customer,
        status: 'WAITING',
        openedAt: 1000,
        changedAt: 1000,
      })
      expect(opened.id).to.match(/^cs:\d+$/)
      expect(await sessions().open(customer, 2000), 'one open session a customer').to.deep.equal(opened)
      const active = { ...opened, status: 'ACTIVE', agent, agentName: `Agent ${agent}`, changedAt: 3000 }
      expect(await sessions().take(opened.id, agentOf(agent), 3000)).to.deep.equal(active)
      expect(await sessions().take(opened.id, agentOf(agent), 3500), 'a repeat').to.deep.equal(active)
      const closed = { ...active, status: 'CLOSED', closeReason: 'solved', changedAt: 4000 }
      expect(await sessions().close(opened.id, agent, 'solved', 4000)).to.deep.equal(closed)
      expect(await sessions().close(opened.id, customer, 'again', 5000)).to.deep.equal(closed)
      expect((await sessions().open(customer, 6000)).id).not.to.equal(opened.id)
    })

    it('are taken by one of many agents who try at once', async () => {
      const { id } = await sessions().open(newUser(), 1)
      const agents = Array.from({ length: 8 }, newUser)
      const taken = await Promise.all(agents.map(agent => sessions().take(id, agentOf(agent), 2)))
      expect(new Set(taken.map(session => session?.agent)).size).to.equal(1)
    })

    it('are opened once by a customer who tries twice at once', async () => {
      const customer = newUser()
      const opened = await Promise.all(Array.from({ length: 8 }, () => sessions().open(customer, 1)))
      expect(new Set(opened.map(({ id }) => id)).size).to.equal(1)
    })

    it('are not closed by strangers, nor taken once closed; unknown ones are nobody’s', async () => {
      const customer = newUser()
      const { id } = await sessions().open(customer, 1)
      expect((await sessions().close(id, newUser(), undefined, 2))?.status).to.equal('WAITING')
      expect((await sessions().close(id, customer, undefined, 3))?.status).to.equal('CLOSED')
      expect((await sessions().take(id, agentOf(newUser()), 4))?.status).to.equal('CLOSED')
      for (const unknown of ['cs:999999999999', 'cs:x', ''])
        expect(await sessions().take(unknown, agentOf(newUser()), 5)).to.equal(undefined)
    })

    it('are listed by status: waiting ones oldest first, others newest first', async () => {
      const ids: string[] = []
      for (let n = 0; n < 3; n++) ids.push((await sessions().open(newUser(), n)).id)
      const listed = async (status: (typeof customerSessionStatuses)[number]) =>
        (await sessions().list(status, 1000)).map(({ id }) => id).filter(id => ids.includes(id))
      expect(await listed('WAITING')).to.deep.equal(ids)
      for (const id of ids) await sessions().take(id, agentOf(newUser()), 9)
      expect(await listed('WAITING')).to.deep.equal([])
      expect(await listed('ACTIVE')).to.deep.equal(ids.toReversed())
      expect(await sessions().list('ACTIVE', 1)).to.have.length(1)
    })
  })

  describe('who is online', () => {
    const list = async (type: 'agent' | 'customer', users: readonly string[]) =>
      (await online().list(type, '', 1000)).filter(user => users.includes(user))

    it('are the users of gateways whose lease runs', async () => {
      const [gateway, ended] = [newUser(), newUser()]
      const [agent, customer, gone] = [newUser(), newUser(), newUser()]
      const users = [agent, customer, gone]
      await online().renew(gateway, 60)
      await online().renew(ended, -1)
      const added = [
        { connId: `${gateway}-1`, user: agent, type: 'agent' as const },
        { connId: `${gateway}-2`, user: customer, type: 'customer' as const },
        { connId: `${gateway}-3`, user: customer, type: 'customer' as const },
      ]
      await online().change(gateway, { added, removed: [] })
      await online().change(ended, {
        added: [{ connId: `${ended}-1`, user: gone, type: 'customer' }],
        removed: [],
      })
      expect(await list('agent', users)).to.deep.equal([agent])
      expect(await list('customer', users)).to.deep.equal([customer])

      await online().change(gateway, { added: added.slice(0, 1), removed: [`${gateway}-2`] })
      expect(await list('customer', users), 'the other connection is still there').to.deep.equal([customer])
      await online().change(gateway, { added: [], removed: [`${gateway}-3`, `${gateway}-1`] })
      expect(await list('customer', users)).to.deep.equal([])
      expect(await list('agent', users)).to.deep.equal([])
      await online().renew(ended, 60)
      expect(await list('customer', users), 'a gateway that is back').to.deep.equal([gone])
    })

    it('are forgotten with a gateway that has been away for long', async () => {
      const [gateway, user] = [newUser(), newUser()]
      expect(await online().renew(gateway, 60), 'a new one').to.equal(false)
      await online().change(gateway, {
        added: [{ connId: `${gateway}-1`, user, type: 'agent' }],
        removed: [],
      })
      expect(await online().renew(gateway, -1000)).to.equal(true)
      await online().renew(newUser(), 60)
      expect(await online().renew(gateway, 60), 'it has to say again who is there').to.equal(false)
      expect(await list('agent', [user])).to.deep.equal([])
    })

    it('come in pages', async () => {
      const gateway = newUser()
      const users = Array.from({ length: 5 }, () => `zz-${newUser()}`).sort()
      await online().renew(gateway, 60)
      const added = users.map((user, n) => ({ connId: `${gateway}-${n}`, user, type: 'agent' as const }))
      await online().change(gateway, { added, removed: [] })
      expect(await online().list('agent', users[1] ?? '', 2)).to.deep.equal(users.slice(2, 4))
    })
  })
}
