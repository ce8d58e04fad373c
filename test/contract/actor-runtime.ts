import { expect } from 'chai'
import {
  type Actor,
  type ActorContext,
  type ActorFactory,
  ActorMoved,
  type ActorRuntime,
  ActorUnavailable,
  type DeactivateReason,
} from '../../runtime/actor-runtime.ts'

export interface RuntimeUnderTest {
  readonly runtime: ActorRuntime
  close(): Promise<void>
}

/** What an actor of these tests does, and what was seen of it. */
class Recorder {
  readonly activations: string[] = []
  readonly deactivations: [string, DeactivateReason][] = []
  readonly turns: string[] = []
  running = 0
  mostAtOnce = 0
  refuseActivation = false
  mayIdle = true
  end: () => void = () => undefined
  /** When the test is over: how long a turn can hang. */
  readonly ended = new Promise<void>(resolve => {
    this.end = resolve
  })

  readonly make: ActorFactory = context => new RecordedActor(this, context)
}

class RecordedActor implements Actor {
  readonly #recorder: Recorder
  readonly #context: ActorContext
  #count = 0

  constructor(recorder: Recorder, context: ActorContext) {
    this.#recorder = recorder
    this.#context = context
  }

  async activate(): Promise<void> {
    await turnOfTheLoop()
    if (this.#recorder.refuseActivation) throw new Error('not now')
    this.#recorder.activations.push(this.#context.id)
  }

  async invoke(method: string, args: unknown): Promise<unknown> {
    const recorder = this.#recorder
    recorder.mostAtOnce = Math.max(recorder.mostAtOnce, ++recorder.running)
    await turnOfTheLoop()
    recorder.turns.push(`${method} ${JSON.stringify(args)}`)
    recorder.running--
    if (method === 'fail') throw new Error('as asked')
    if (method === 'hang') return await recorder.ended
    if (method === 'leave') this.#context.drop('superseded')
    if (method === 'moveOnce' && recorder.activations.length === 1) {
      this.#context.drop('superseded')
      throw new ActorMoved()
    }
    return { args, count: ++this.#count }
  }

  async deactivate(reason: DeactivateReason): Promise<void> {
    this.#recorder.deactivations.push([this.#context.id, reason])
  }

  mayIdle(): boolean {
    return this.#recorder.mayIdle
  }
}

const turnOfTheLoop = () => new Promise(resolve => setImmediate(resolve))

let actors = 0
const newId = () => `actor-${process.pid}-${++actors}`

/** The guarantees of the ActorRuntime port. `idleMs` is what `make` has to set. */
export function actorRuntimeContract(
  name: string,
  idleMs: number,
  make: (factory: ActorFactory) => Promise<RuntimeUnderTest>,
): void {
  describe(`actors on ${name}`, () => {
    let recorder: Recorder
    let under: RuntimeUnderTest
    let id: string
    const call = (method: string, args: unknown = null, deadline?: number) =>
      under.runtime.call('user', id, method, args, deadline === undefined ? {} : { deadline })

    beforeEach(async () => {
      recorder = new Recorder()
      under = await make(recorder.make)
      id = newId()
    })
    afterEach(async () => {
      recorder.end()
      await under.close()
    })

    it('are activated by their first call, once, however many come at once', async () => {
      const results = await Promise.all(Array.from({ length: 20 }, (_, index) => call('count', index)))
      expect(recorder.activations).to.deep.equal([id])
      expect(results.map(result => (result as { args: number }).args)).to.deep.equal(
        Array.from({ length: 20 }, (_, i) => i),
      )
    })

    it('take one turn at a time', async () => {
      await Promise.all(Array.from({ length: 50 }, (_, index) => call('count', index)))
      expect(recorder.mostAtOnce).to.equal(1)
      expect(recorder.turns).to.have.length(50)
    })

    it('answer with a body whatever the method returns, and with the error it throws', async () => {
      expect(await call('count', { deep: ['ü', null, 1.5] })).to.deep.include({
        args: { deep: ['ü', null, 1.5] },
      })
      const failed = await call('fail').catch((error: unknown) => error)
      expect(failed).to.be.instanceOf(Error)
      expect((failed as Error).message).to.contain('as asked')
      expect(await call('count'), 'an error ends the turn, not the actor').to.deep.include({ count: 2 })
    })

    it('end a call at its deadline when there is no answer', async () => {
      const failed = await call('hang', null, Date.now() + 300).catch((error: unknown) => error)
      expect(failed).to.be.instanceOf(ActorUnavailable)
    })

    it('are found again by the same call after an activation has left', async () => {
      expect(await call('moveOnce')).to.deep.include({ count: 1 })
      expect(recorder.activations).to.deep.equal([id, id])
      expect(recorder.deactivations).to.deep.equal([[id, 'superseded']])
    })

    it('start anew after they were dropped, and never two at once', async () => {
      await call('leave')
      expect(await call('count')).to.deep.include({ count: 1 })
      expect(recorder.activations).to.have.length(2)
    })

    it('that refuse to be activated fail the call, and may be activated by a later one', async () => {
      recorder.refuseActivation = true
      const failed = await call('count', null, Date.now() + 500).catch((error: unknown) => error)
      expect(failed).to.be.instanceOf(Error)
      recorder.refuseActivation = false
      expect(await call('count')).to.deep.include({ count: 1 })
    })

    it('are deactivated when nobody calls them, unless they may not idle', async function () {
      this.timeout(idleMs * 20 + 5000)
      await call('count')
      while (recorder.deactivations.length === 0) await turnOfTheLoop()
      expect(recorder.deactivations).to.deep.equal([[id, 'idle']])

      recorder.mayIdle = false
      const other = newId()
      await under.runtime.call('user', other, 'count', null)
      const start = Date.now()
      while (Date.now() - start < idleMs * 3) await turnOfTheLoop()
      expect(recorder.deactivations).to.have.length(1)
    })
  })
}
