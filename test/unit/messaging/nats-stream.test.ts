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
    const { seq, next_by_subj } = JSON.parse(String(payload)) as { seq: number; next_by_subj?: string }
    const next = this.#seqs.find(stored => (next_by_subj ? stored >= seq : stored === seq))
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
    for (const [index, stored] of has.entries()) take(page(stored, has[index - 1] ?? 0))
    const end = {
      'Nats-UpTo-Sequence': Math.min(reached, this.#seqs.at(-1) ?? 0),
      'Nats-Last-Sequence': has.at(-1) ?? 0,
    }
    take(msg(end, Buffer.alloc(0), has.length > 0 ? 204 : 404))
    return Promise.resolve()
  }
}

const page = (seq: number, before: number): Msg =>
  msg(
    { 'Nats-Subject': 'im.direct.bob', 'Nats-Sequence': seq, 'Nats-Last-Sequence': before },
    Buffer.from('{}'),
  )

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

  it('takes the leader’s “not found” for a failure while it has what the page is to reach', async () => {
    const replica = new LaggingReplica([3, 5, 8], [3, 3])
    const request = replica.request.bind(replica)
    let failures = 0
    replica.request = (subject, payload) => {
      const isNext = String(payload).includes('next_by_subj')
      return isNext && failures++ === 0 ? request(subject, '{"seq":99}') : request(subject, payload)
    }
    expect(seqsOf(await new NatsStream(replica).page('im.direct.bob', 4, 8, 10))).to.deep.equal([5, 8])
    expect(failures).to.equal(2)
  })

  it('takes no single “not found” for the leader’s word that a subject is empty', async () => {
    const asked: string[] = []
    const answers = (...found: readonly boolean[]): StreamRequests => ({
      request: async (_subject, payload) => {
        asked.push(String(payload))
        const message = { seq: 3, subject: 'im.direct.bob', data: '' }
        const none = { err_code: 10037, description: 'no message found' }
        return msg({}, Buffer.from(JSON.stringify(found[asked.length - 1] ? { message } : { error: none })))
      },
      requestMany: () => Promise.reject(new Error('not asked')),
    })
    const last = (...found: readonly boolean[]) => {
      asked.length = 0
      return new NatsStream(answers(...found)).lastIfAny('im.direct.bob').catch(error => error)
    }
    expect(await last(true)).to.include({ seq: 3 })
    expect(asked).to.have.length(1)
    expect(await last(false, false)).to.equal(undefined)
    expect(await last(false, true)).to.be.instanceOf(StreamRefusal)
    expect(asked[1]).to.include('next_by_subj')
  })

  for (const [what, answer] of [
    ['in its middle', [page(3, 0), page(8, 5), msg({ 'Nats-Last-Sequence': 8 }, Buffer.alloc(0), 204)]],
    ['at its beginning', [page(5, 3), msg({ 'Nats-Last-Sequence': 5 }, Buffer.alloc(0), 204)]],
    ['at its end', [page(3, 0), msg({ 'Nats-Last-Sequence': 5 }, Buffer.alloc(0), 204)]],
  ] as const)
    it(`refuses a page with a hole ${what}`, async () => {
      const torn: StreamRequests = {
        request: () => Promise.reject(new Error('not asked')),
        requestMany: async (_subject, _payload, _options, take) => {
          for (const each of answer) if (take(each)) return
        },
      }
      const error = await new NatsStream(torn).batch('im.direct.bob', 1, 10, 1_000).catch(error => error)
      expect(error).to.be.instanceOf(StreamRefusal)
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
