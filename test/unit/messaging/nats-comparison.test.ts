import { expect } from 'chai'
import { type Compared, NatsComparison } from '../../../messaging/nats-comparison.ts'
import type { StoredMessage } from '../../../messaging/nats-stream.ts'

const head = (seq: number): StoredMessage => ({ seq, subject: 'im.owner.alice', payload: Buffer.alloc(0) })

describe('the comparison with the log', () => {
  let stored: Map<string, number>
  let asked: { readonly subjects: readonly string[]; readonly from: number }[]
  let silent: boolean
  const stream = {
    lastSeqs: (subjects: readonly string[], from: number) => {
      asked.push({ subjects, from })
      const found = subjects.flatMap(subject => {
        const seq = stored.get(subject) ?? 0
        return seq >= from ? [[subject, seq] as const] : []
      })
      return Promise.resolve(silent ? undefined : new Map(found))
    },
  }

  beforeEach(() => {
    stored = new Map()
    asked = []
    silent = false
  })

  function part(subjects: string[]) {
    const told = new Map<string, number>()
    const compared: Compared = {
      subjects: () => subjects,
      found: seqs => {
        for (const [subject, seq] of seqs) told.set(subject, seq)
      },
    }
    return { compared, told }
  }

  it('tells each part what has been stored since the last comparison, and nothing twice', async () => {
    const [feeds, claims] = [part(['im.direct.bob']), part(['im.owner.bob'])]
    const comparison = new NatsComparison(stream, [feeds.compared, claims.compared])
    stored.set('im.direct.bob', 3).set('im.owner.bob', 4)
    await comparison.run(head(4), false)
    expect([...claims.told]).to.deep.equal([...stored])
    feeds.told.clear()
    stored.set('im.direct.bob', 5)
    await comparison.run(head(5), false)
    expect([...feeds.told]).to.deep.equal([['im.direct.bob', 5]])
  })

  it('asks nothing while the log’s end is the same, or there is none', async () => {
    const comparison = new NatsComparison(stream, [part(['im.direct.bob']).compared])
    await comparison.run(undefined, false)
    await comparison.run(head(4), false)
    await comparison.run(head(4), true)
    expect(asked).to.have.length(1)
  })

  it('asks for many subjects in parts that JetStream answers', async () => {
    const subjects = Array.from({ length: 2_500 }, (_, n) => `im.direct.u${n}`)
    const { compared, told } = part(subjects)
    for (const subject of subjects) stored.set(subject, 7)
    await new NatsComparison(stream, [compared]).run(head(7), false)
    expect(told.size).to.equal(2_500)
    for (const { subjects: chunk } of asked) expect(chunk.length).to.be.lessThan(1_024)
  })

  it('asks for the same again when no replica could answer', async () => {
    const { compared, told } = part(['im.direct.bob'])
    const comparison = new NatsComparison(stream, [compared])
    stored.set('im.direct.bob', 3)
    silent = true
    await comparison.run(head(3), false)
    expect(told.size).to.equal(0)
    silent = false
    await comparison.run(head(4), false)
    expect(told.get('im.direct.bob')).to.equal(3)
  })
})
