import { expect } from 'chai'
import type { UserActor } from '../../../actors/user/user-actor.ts'
import { delay } from '../../../runtime/backoff.ts'
import { direct, newUser, ownership } from '../../contract/message-log.ts'
import { PresenceHost } from '../../support/presence-host.ts'
import { until } from '../../support/until.ts'

const GRACE_MS = 200
const CHECK_MS = 100

describe('presence, when actors come and go', () => {
  let host: PresenceHost
  let alice: string
  let bob: string
  let carol: string
  const active: UserActor[] = []

  before(async () => {
    host = await PresenceHost.start({ graceMs: GRACE_MS, checkMs: CHECK_MS })
  })
  after(() => host.stop())
  beforeEach(async () => {
    ;[alice, bob, carol] = [newUser(), newUser(), newUser()]
    const fence = await ownership(host.log, alice)
    await host.log.append(fence, [direct(alice, bob, 'to bob'), direct(alice, carol, 'to carol')])
  })
  afterEach(async () => {
    for (const actor of active.splice(0)) await actor.deactivate('superseded')
  })

  const activate = async (user: string) => {
    const actor = await host.activate(user)
    active.push(actor)
    return actor
  }
  const come = async (user: string) => {
    const actor = await activate(user)
    await host.bind(actor, user)
    return actor
  }
  /** As when its host dies: nothing is said. */
  const die = (actor: UserActor) => actor.deactivate('superseded')
  const hears = (user: string, ...expected: (readonly [string, string])[]) =>
    until(
      () => {
        const heard = host.heard(user)
        return expected.every(([of, status]) => heard.some(([a, b]) => a === of && b === status))
      },
      `${user} has not heard all of ${JSON.stringify(expected)}`,
    )

  it('two who have only just met correct what their clients may have been told before, and tell nothing else', async () => {
    const dave = newUser()
    await come(alice)
    await come(bob)
    await hears(alice, [bob, 'online'])
    const actor = await come(dave)
    await host.say(actor, dave, 'away')
    // By then each has told all whom there was to tell.
    await delay(2 * GRACE_MS)
    const message = { op: 'send', clientMsgId: 'first', to: alice, body: 'hello', msgType: 'TEXT' }
    await actor.invoke('post', { ops: [message] })
    await until(() => host.corrected.length >= 2, 'nobody is corrected')
    expect(host.corrected).to.have.deep.members([
      [alice, dave, 'away'],
      [dave, alice, 'online'],
    ])
    expect(host.heard(alice)).to.deep.equal([[bob, 'online']])
    expect(host.heard(dave)).to.deep.equal([])
    await host.say(actor, dave, 'online')
    await hears(alice, [dave, 'online'])
  })

  it('a new owner of somebody is no news, knows that the client is away, and is believed from then on', async () => {
    await come(alice)
    const first = await come(bob)
    await hears(alice, [bob, 'online'])
    await host.say(first, bob, 'away')
    await hears(alice, [bob, 'away'])
    await die(first)
    const second = await activate(bob)
    // Longer than it greets after, and than nobody's absence would be found out.
    await until(async () => {
      const [now] = (await second.invoke('presence', { users: [bob] })) as { status: string; ts: number }[]
      return now?.status === 'away' && Date.now() - now.ts > GRACE_MS + 4 * CHECK_MS
    }, 'bob is not away')
    await host.say(second, bob, 'online')
    await until(() => host.heard(alice).length === 3, 'the new owner has said nothing')
    expect(host.heard(alice)).to.deep.equal([
      [bob, 'online'],
      [bob, 'away'],
      [bob, 'online'],
    ])
  })

  it('a new owner tells its client who has gone meanwhile and who has come, and nothing twice', async () => {
    const dave = newUser()
    const fence = await ownership(host.log, dave)
    await host.log.append(fence, [direct(dave, alice, 'hello')])
    const owner = await come(alice)
    const [actorOfBob] = [await come(bob), await come(carol)]
    await hears(alice, [bob, 'online'], [carol, 'online'])
    await die(owner)
    await host.unbind(actorOfBob, bob)
    await until(() => actorOfBob.mayIdle(), 'bob is not gone')
    await come(dave)
    await activate(alice)
    await hears(alice, [bob, 'offline'], [dave, 'online'])
    const byUser = (of: string) => host.heard(alice).filter(([user]) => user === of)
    expect(byUser(carol)).to.deep.equal([[carol, 'online']])
    expect(byUser(bob)).to.deep.equal([
      [bob, 'online'],
      [bob, 'offline'],
    ])
    expect(byUser(dave)).to.deep.equal([[dave, 'online']])
  })

  it('somebody whose actor is nowhere is found gone, and back when there is an owner again', async () => {
    await come(alice)
    const owner = await come(bob)
    await hears(alice, [bob, 'online'])
    await die(owner)
    await hears(alice, [bob, 'offline'])
    await activate(bob)
    await until(() => host.heard(alice).length === 3, 'bob is not back')
    expect(host.heard(alice).map(([, status]) => status)).to.deep.equal(['online', 'offline', 'online'])
  })

  it('a new owner that is asked before it has read its route does not say that nobody is there', async () => {
    const owner = await come(bob)
    await host.say(owner, bob, 'away')
    await die(owner)
    const { reading, read } = host.holdReading()
    const activating = activate(bob)
    await reading
    const answer = host.ask(bob)
    read()
    expect(await answer).to.include({ user: bob, status: 'away' })
    await activating
  })

  it('a new owner, who knows nothing yet, does not pass on what an owner of somebody says who is superseded', async () => {
    const owner = await come(alice)
    const actorOfBob = await come(bob)
    await hears(alice, [bob, 'online'])
    await host.say(actorOfBob, bob, 'away')
    await hears(alice, [bob, 'away'])
    await die(owner)
    await activate(alice)
    for (const user of [bob, carol]) host.tell(alice, { user, status: 'online', ts: 1, epoch: 1, n: 9 })
    await hears(alice, [carol, 'online'])
    expect(host.heard(alice)).to.deep.equal([
      [bob, 'online'],
      [bob, 'away'],
      [carol, 'online'],
    ])
  })

  it('a route whose connections are gone was never there', async () => {
    await come(alice)
    const owner = await come(bob)
    await hears(alice, [bob, 'online'])
    await host.unbind(owner, bob)
    await hears(alice, [bob, 'offline'])
    await die(owner)
    const next = await activate(bob)
    await until(() => next.mayIdle(), 'bob is there')
    expect(host.heard(alice).map(([, status]) => status)).to.deep.equal(['online', 'offline'])
  })

  it('queries beyond eight under way are refused as busy, and the others answered', async () => {
    const owner = await come(alice)
    const answering = Promise.withResolvers<void>()
    const stranger = newUser()
    host.elsewhere(stranger, answering.promise)
    const ops = Array.from({ length: 12 }, () => ({ op: 'presence-query', users: [stranger] }))
    const answer = (await owner.invoke('handle', { connId: alice, sv: 0, device: 'd', ops })) as {
      results: unknown[]
    }
    expect(answer.results).to.deep.equal([
      ...Array(8).fill(null),
      ...Array(4).fill({ reason: 'server_busy' }),
    ])
    answering.resolve()
    await until(() => host.heard(alice).length === 8, 'not all were answered')
    expect(host.heard(alice)).to.deep.equal(Array(8).fill([stranger, 'away']))
  })
})
