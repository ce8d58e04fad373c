import { expect } from 'chai'
import type { ActorCall } from '../../../dapr/actor-call.ts'
import { LogBusy, LogUnavailable } from '../../../messaging/message-log.ts'
import { HomingError } from '../../../protocol/errors.ts'
import { type Actor, ActorUnavailable } from '../../../runtime/actor-runtime.ts'
import { eventually } from '../../support/eventually.ts'
import { type OneProcess, startOneProcess } from './cluster-in-one-process.ts'

describe('a call to an actor in the cluster', () => {
  let one: OneProcess
  let turns: string[]
  let turn: (method: string) => unknown

  beforeEach(async () => {
    turns = []
    turn = method => `did ${method}`
    const actor: Actor = {
      activate: async () => undefined,
      invoke: method => {
        turns.push(method)
        return turn(method)
      },
      deactivate: async () => undefined,
      mayIdle: () => true,
    }
    one = await startOneProcess(() => actor)
  })
  afterEach(() => one.close())

  const call = (method: string, deadlineMs = 5_000) =>
    one.runtime.call('user', 'a@b', method, null, { deadline: Date.now() + deadlineMs })
  const thrown = (method: string, deadlineMs?: number) =>
    call(method, deadlineMs).then(
      () => expect.fail('it was answered'),
      (error: unknown) => error as Error,
    )

  it('goes through Dapr once, then over the bus', async () => {
    expect(await call('first')).to.equal('did first')
    expect(await call('second')).to.equal('did second')
    expect(one.sidecar.seen.map(({ method, url }) => `${method} ${url}`)).to.deep.equal([
      'PUT /v1.0/actors/user/a%40b/method/first',
    ])
    expect(one.hosting.counts).to.deep.equal({ bus: 1, dapr: 1 })
  })

  it('carries the API token', async () => {
    await call('first')
    expect(one.sidecar.seen[0]?.token).to.equal('secret')
  })

  for (const behaviour of ['500 {}', 'empty', 'hang'] as const) {
    it(`is made again, as the same call, when Dapr answers with: ${behaviour}`, async () => {
      one.sidecar.behaviours = [behaviour]
      expect(await call('first')).to.equal('did first')
      const ids = one.sidecar.seen.map(({ body }) => (JSON.parse(body) as ActorCall).callId)
      expect(ids).to.have.length(2)
      expect(new Set(ids).size).to.equal(1)
    })
  }

  it('is taken back from a sidecar that hangs, so that it does not run later', async () => {
    one.sidecar.behaviours = ['hang']
    await call('first')
    await eventually(() => expect(one.sidecar.abandoned).to.equal(1))
  })

  it('ends at its deadline while Dapr fails', async () => {
    one.sidecar.behaviours = new Array(1000).fill('500 {}')
    expect(await thrown('first', 400)).to.be.instanceOf(ActorUnavailable)
  })

  it('answers null when the method returns nothing', async () => {
    turn = () => undefined
    expect(await call('first')).to.equal(null)
    expect(await call('second')).to.equal(null)
  })

  for (const carrier of ['Dapr', 'the bus']) {
    it(`brings an actor’s errors back as they were thrown, by ${carrier}`, async () => {
      if (carrier === 'the bus') await call('first')
      turn = () => {
        throw new HomingError('server_busy', 'wait')
      }
      const refused = await thrown('refused')
      expect(refused).to.be.instanceOf(HomingError)
      expect(refused).to.include({ reason: 'server_busy', message: 'wait' })
      turn = () => {
        throw new LogBusy('full')
      }
      expect(await thrown('busy')).to.be.instanceOf(LogBusy)
      turn = () => {
        throw new RangeError('odd')
      }
      expect(await thrown('odd')).to.include({ name: 'RangeError', message: 'odd' })
    })
  }

  it('is made again when the log has not answered the actor', async () => {
    turn = () => {
      if (turns.length < 3) throw new LogUnavailable('no answer')
      return 'stored'
    }
    expect(await call('first')).to.equal('stored')
  })

  it('runs once although it is repeated while it runs', async () => {
    await call('first')
    turn = () => new Promise(resolve => setTimeout(resolve, 600, 'slow'))
    expect(await call('slow')).to.equal('slow')
    expect(turns).to.deep.equal(['first', 'slow'])
    expect(one.hosting.counts.bus).to.be.at.least(2)
  })

  it('is not asked for again, nor made through Dapr, where all answers are late', async () => {
    await call('first')
    turn = () => new Promise(resolve => setTimeout(resolve, 300, 'late'))
    const crowd = () =>
      Promise.all(Array.from({ length: 60 }, (_, n) => one.runtime.call('user', `u${n}`, 'slow', n)))
    await crowd()
    await crowd()
    const before = one.runtime.counts
    const [bus, dapr] = [before.bus, before.dapr]
    await crowd()
    expect(one.runtime.counts).to.include({ bus: bus + 60, dapr })
  })
})
