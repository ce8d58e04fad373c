import { expect } from 'chai'
import { headers, type Msg } from 'nats'
import { NatsStream, StreamRefusal, type StreamRequests } from '../../../messaging/nats-stream.ts'

type Fields = Readonly<Record<string, string | number>>

/** A replica that has got as far as the last of `reached`, one more step with each direct get; the leader has all. */
class LaggingReplica implements StreamRequests {
  readonly #seqs: readonly number[]
  readonly #reached: number[]
  directGets = 0

  constructor(seqs: readonly number[], reached: readonly number[]) {
    this.#seqs = seqs
    this.#reached = [...reached]
  }

  request(_subject: string, payload: Uint8Array | string): Promise<Msg> {
    const { seq } = JSON.parse(String(payload)) as { seq: number }
    const next = this.#seqs.find(stored => stored >= seq)
    const found = { message: { seq: next, subject: 'im.direct.bob', data: '' } }
    const none = { error: { err_code: 10037, description: 'no message found' } }
    return Promise.resolve(msg({}, Buffer.from(JSON.stringify(next === undefined ? none : found))))
  }

  requestMany(
    _subject: string,
    payload: string,
    _options: object,
    take: (msg: Msg) => boolean,
  ): Promise<void> {
    this.directGets += 1
    const reached = this.#reached.shift() ?? Number.POSITIVE_INFINITY
    const { seq } = JSON.parse(payload) as { seq: number }
    const has = this.#seqs.filter(stored => stored >= seq && stored <= reached)
    for (const stored of has) {
      take(msg({ 'Nats-Subject': 'im.direct.bob', 'Nats-Sequence': stored }, Buffer.from('{}')))
    }
    const upTo = Math.min(reached, this.#seqs.at(-1) ?? 0)
    take(msg({ 'Nats-UpTo-Sequence': upTo }, Buffer.alloc(0), has.length > 0 ? 204 : 404))
    return Promise.resolve()
  }
}

function msg(fields: Fields, data: Uint8Array, status = 0): Msg {
  const own = status === 0 ? headers() : headers(status, 'status')
  for (const [name, value] of Object.entries(fields)) own.set(name, String(value))
  return { headers: own, data } as Msg
}

describe('reading the stream', () => {
  const seqsOf = (messages: readonly { seq: number }[]) => messages.map(({ seq }) => seq)

  it('takes a replica’s “nothing” for nothing only when the leader has nothing either', async () => {
    const replica = new LaggingReplica([3, 5, 8], [3, 3, 6])
    const stream = new NatsStream(replica)
    expect(seqsOf(await stream.page('im.direct.bob', 4, 8, 10))).to.deep.equal([5])
    expect(replica.directGets).to.equal(3)
    expect(seqsOf(await stream.page('im.direct.bob', 6, 8, 10))).to.deep.equal([8])
    expect(await stream.page('im.direct.bob', 9, 9, 10)).to.deep.equal([])
  })

  it('believes last seqs only of a replica that has got as far as the leader had', async () => {
    const replica = new LaggingReplica([3, 5, 8], [5, 7])
    const head = { seq: 8, subject: 'im.direct.bob', payload: Buffer.alloc(0) }
    const seqs = await new NatsStream(replica).lastSeqs(['im.direct.bob'], 1, head)
    expect([...(seqs ?? [])]).to.deep.equal([['im.direct.bob', 8]])
    expect(replica.directGets).to.equal(3)
  })

  it('knows no last seqs when no replica gets there', async () => {
    const replica = new LaggingReplica([3], [])
    const head = { seq: 8, subject: 'im.owner.bob', payload: Buffer.alloc(0) }
    expect(await new NatsStream(replica).lastSeqs(['im.direct.bob'], 1, head)).to.equal(undefined)
  })

  it('rejects with what JetStream refuses', async () => {
    const refusing: StreamRequests = {
      request: () =>
        Promise.resolve(
          msg({}, Buffer.from('{"error":{"err_code":10059,"description":"stream not found"}}')),
        ),
      requestMany: () => Promise.resolve(),
    }
    const stream = new NatsStream(refusing)
    expect(await stream.lastSeq().catch(error => error)).to.be.instanceOf(StreamRefusal)
  })
})
