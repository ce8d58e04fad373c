import { expect } from 'chai'
import type { MessageLog } from '../../../messaging/message-log.ts'
import { newUser } from '../../contract/message-log.ts'
import { Alice, GroupActors } from '../../support/group-actor.ts'
import { UserActors } from '../../support/user-actors.ts'
import { withOthers } from '../../support/with-others.ts'

describe('an activation that another outruns in its first claim', () => {
  let groups: GroupActors
  before(async () => {
    groups = await GroupActors.start()
  })
  after(() => groups.stop())

  it('sends a user’s caller to look for the actor elsewhere', async () => {
    const { store, bus, log } = groups
    const actors = new UserActors({ log: outrunOnce(log), store, bus })
    const failure = await actors.activate(newUser()).catch(error => error)
    await actors.close()
    expect(failure).to.have.property('name', 'ActorMoved')
  })

  it('sends a group’s caller to look for the actor elsewhere, which answers', async () => {
    const alice = new Alice(groups.another({ log: outrunOnce(groups.log) }))
    const seq = await alice.change('outrun', {
      do: 'create',
      name: 'friends',
      policy: 'invited',
      users: ['bob'],
    })
    expect(seq).to.be.above(0)
  })
})

/** The same log, in which somebody else claims just before the first claim. */
function outrunOnce(log: MessageLog): MessageLog {
  let outrun = false
  return withOthers(log, {
    claim: async (owner, claim, expected) => {
      if (!outrun) await log.claim(owner, { token: 'another', body: null }, expected)
      outrun = true
      return log.claim(owner, claim, expected)
    },
  })
}
