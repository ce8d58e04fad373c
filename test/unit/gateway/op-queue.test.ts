import { expect } from 'chai'
import type { HandleResult, Op, OpResult } from '../../../actors/user/contract.ts'
import { OpQueue, type QueuedOp } from '../../../gateway/connection/op-queue.ts'

const send = (clientMsgId: string, to = 'bob'): Op & { op: 'send' } => ({
  op: 'send',
  clientMsgId,
  to,
  body: 'x',
  msgType: 'TEXT',
})
const queued = (op: Op): QueuedOp => ({ op, receivedAt: 0 })

/** An actor whose answers the test gives. */
class Desk {
  readonly calls: { ops: readonly Op[]; answer: (result: HandleResult) => void; fail: () => void }[] = []
  readonly answered: { op: Op; result: OpResult }[] = []
  readonly ends: string[] = []
  /** Those who wait until the client has heard its answers. */
  readonly unheard: (() => void)[] = []
  #settled: (() => void)[] = []

  readonly owner = {
    call: (ops: readonly Op[]) =>
      new Promise<HandleResult>((answer, reject) => {
        this.calls.push({ ops, answer, fail: () => reject(new Error('no answer')) })
      }),
    answered: ({ op }: QueuedOp, result: OpResult) => this.answered.push({ op, result }),
    whenHeard: (heard: () => void) => this.unheard.push(heard),
    settled: () => {
      for (const resolve of this.#settled.splice(0)) resolve()
    },
    refused: (reason: string) => this.ends.push(reason),
  }

  get last() {
    const call = this.calls.at(-1)
    if (!call) throw new Error('no call was made')
    return call
  }

  settle(): Promise<void> {
    return new Promise(resolve => this.#settled.push(resolve))
  }

  /** Answers the last call with a seq a send, or with the given results. */
  async answer(results?: OpResult[]): Promise<void> {
    const settled = this.settle()
    this.last.answer({
      ok: true,
      results: results ?? this.last.ops.map((_, index) => ({ seq: index + 1, ts: 0 })),
    })
    await settled
  }
}

const idsOf = (ops: readonly Op[]) => ops.map(op => (op.op === 'send' ? op.clientMsgId : op.op))

describe('the operations of a connection', () => {
  const make = (ordered = false) => {
    const desk = new Desk()
    const queue = new OpQueue(desk.owner, ordered)
    queue.open()
    return { desk, queue }
  }

  it('go one call at a time, and what comes meanwhile is the next one', async () => {
    const { desk, queue } = make()
    for (const id of ['a', 'b', 'c']) queue.add(queued(send(id)))
    expect(desk.calls.map(({ ops }) => idsOf(ops))).to.deep.equal([['a']])
    await desk.answer()
    expect(idsOf(desk.last.ops)).to.deep.equal(['b', 'c'])
    await desk.answer()
    expect(queue.quiet).to.equal(true)
    expect(desk.answered.map(({ result }) => result)).to.have.length(3)
  })

  it('wait while the connection is not confirmed', () => {
    const desk = new Desk()
    const queue = new OpQueue(desk.owner, false)
    queue.add(queued(send('a')))
    expect(desk.calls).to.have.length(0)
    queue.open()
    expect(desk.calls).to.have.length(1)
  })

  it('are refused as busy when a call has no answer, and acknowledgements are asked for again', async () => {
    const { desk, queue } = make()
    queue.add(queued({ op: 'delivered', seq: 7 }))
    queue.add(queued(send('a')))
    await desk.answer([null])
    queue.add(queued({ op: 'read', seq: 7 }))
    const settled = desk.settle()
    desk.last.fail()
    await settled
    expect(desk.answered.at(-1)?.result).to.deep.equal({ reason: 'server_busy' })

    const again = desk.settle()
    while (desk.calls.length < 3) await new Promise(resolve => setImmediate(resolve))
    expect(idsOf(desk.last.ops)).to.deep.equal(['read'])
    desk.last.fail()
    await again
    while (desk.calls.length < 4) await new Promise(resolve => setImmediate(resolve))
    expect(idsOf(desk.last.ops)).to.deep.equal(['read'])
    queue.clear()
  })

  it('of a client that asks for order stay refused until the first refused one is repeated', async () => {
    const { desk, queue } = make(true)
    queue.add(queued(send('a')))
    for (const op of [send('b'), send('x', 'carol')]) queue.add(queued(op))
    await desk.answer([{ reason: 'server_busy' }])
    expect(idsOf(desk.last.ops), 'another conversation goes on').to.deep.equal(['x'])
    await desk.answer()
    const settled = desk.settle()
    for (const id of ['b', 'a', 'b']) queue.add(queued(send(id)))
    await settled
    expect(idsOf(desk.last.ops)).to.deep.equal(['a', 'b'])
  })

  it('hold the place of a send that was refused on arrival', async () => {
    const { desk, queue } = make(true)
    queue.add(queued(send('a')))
    queue.add(queued(send('b')))
    queue.addRefused(send('c'))
    queue.add(queued(send('d')))
    await desk.answer()
    expect(idsOf(desk.last.ops), 'what came before it is not held up').to.deep.equal(['b'])
    expect(desk.answered.at(-1)).to.deep.equal({ op: send('d'), result: { reason: 'server_busy' } })
    queue.add(queued(send('c')))
    await desk.answer()
    expect(idsOf(desk.last.ops)).to.deep.equal(['c'])
  })

  describe('of a client that asks for order, after one that was refused for good', () => {
    const refusedFirst = async (ordered = true) => {
      const { desk, queue } = make(ordered)
      for (const id of ['a', 'b', 'c']) queue.add(queued(send(id)))
      await desk.answer([{ reason: 'not_group_member' }])
      return { desk, queue }
    }

    it('wait until the client has heard of it', async () => {
      const { desk, queue } = await refusedFirst()
      queue.add(queued(send('x', 'carol')))
      expect(desk.calls).to.have.length(1)
      expect(desk.unheard).to.have.length(1)
      desk.unheard[0]?.()
      expect(idsOf(desk.last.ops)).to.deep.equal(['b', 'c', 'x'])
      await desk.answer()
      expect(queue.quiet).to.equal(true)
    })

    it('are not done when the client is gone before', async () => {
      const { desk, queue } = await refusedFirst()
      await queue.finish()
      expect(desk.calls).to.have.length(1)
    })

    it('are not done either when the client was gone before it was refused', async () => {
      const { desk, queue } = make(true)
      for (const id of ['a', 'b']) queue.add(queued(send(id)))
      const finished = queue.finish()
      await desk.answer([{ reason: 'not_group_member' }])
      await finished
      expect(desk.calls).to.have.length(1)
    })

    it('go on where nobody has asked for order', async () => {
      const { desk } = await refusedFirst(false)
      expect(idsOf(desk.last.ops)).to.deep.equal(['b', 'c'])
    })
  })

  it('end with the connection when the actor does not have it', async () => {
    const { desk, queue } = make()
    queue.add(queued(send('a')))
    const settled = desk.settle()
    desk.last.answer({ ok: false, reason: 'kicked' })
    await settled
    expect(desk.ends).to.deep.equal(['kicked'])
    expect(desk.answered).to.have.length(0)
  })
})
