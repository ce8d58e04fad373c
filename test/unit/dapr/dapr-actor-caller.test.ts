import { expect } from 'chai'
import { DaprActorCaller } from '../../../dapr/dapr-actor-caller.ts'
import { ActorUnavailable } from '../../../runtime/actor-runtime.ts'
import { eventually } from '../../support/eventually.ts'

const AT_ONCE = 4

describe('calls through the sidecar', () => {
  let underWay: PromiseWithResolvers<unknown>[]
  let asked: string[]
  let caller: DaprActorCaller

  beforeEach(() => {
    underWay = []
    asked = []
    const request = (_method: string, path: string) => {
      const answer = Promise.withResolvers<unknown>()
      underWay.push(answer)
      asked.push(path.split('/')[3] ?? '')
      return answer.promise
    }
    caller = new DaprActorCaller({ request }, AT_ONCE)
  })

  const call = (id: string, deadline = Date.now() + 60_000) =>
    caller.call('user', id, { callId: id, deadline, method: 'touch', args: null })
  const answer = (value: unknown) => {
    for (const { resolve } of underWay.splice(0)) resolve(value)
  }

  it(`are ${AT_ONCE} at once; the others wait, and begin in the order in which they were made`, async () => {
    const ids = Array.from({ length: 10 }, (_, n) => `u${n}`)
    const answers = ids.map(id => call(id))
    await Promise.resolve()
    expect(asked).to.deep.equal(ids.slice(0, 4))
    for (const done of [8, 10, 10]) {
      answer({ ok: true, value: 1 })
      await eventually(() => expect(asked).to.deep.equal(ids.slice(0, done)))
    }
    expect(await Promise.all(answers)).to.deep.equal(ids.map(() => ({ ok: true, value: 1 })))
  })

  it('give their place to others while they hang, as those to a host that is lost do', async () => {
    const hanging = Array.from({ length: AT_ONCE }, (_, n) => call(`lost${n}`))
    const other = call('other')
    await eventually(() => expect(asked).to.include('other'))
    answer({ ok: true, value: 1 })
    await Promise.all([...hanging, other])
  })

  it('do not begin any more when nobody waits for them', async () => {
    const first = Array.from({ length: AT_ONCE }, (_, n) => call(`u${n}`))
    const late = call('late', Date.now() - 1).catch((error: unknown) => error)
    answer({ ok: true, value: 1 })
    await Promise.all(first)
    expect(await late).to.be.instanceOf(ActorUnavailable)
    expect(asked).not.to.include('late')
  })
})
