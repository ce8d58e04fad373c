import { expect } from 'chai'
import fc from 'fast-check'
import { type FeedSource, NatsFeed } from '../../../messaging/nats-feed.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { eventually } from '../../support/eventually.ts'

const silent = makeLogger('silent', 'test')
const payload = Buffer.from('{"kind":"direct"}')

/** A stored feed. Its pages answer late, may end before their target, and may fail. */
class StoredFeed implements FeedSource {
  readonly seqs: number[] = []
  readonly #moods: Iterator<'answers' | 'lags' | 'fails'>

  constructor(moods: Iterator<'answers' | 'lags' | 'fails'>) {
    this.#moods = moods
  }

  async page(subject: string, from: number, _target: number, limit: number) {
    const mood = this.#moods.next().value
    await Promise.resolve()
    if (mood === 'fails') throw new Error('no answer')
    const found = this.seqs.filter(seq => seq >= from).slice(0, mood === 'lags' ? 1 : limit)
    return found.map(seq => ({ seq, subject, payload }))
  }
}

function* endlessly<T>(values: readonly T[]): Generator<T> {
  for (;;) yield* values
}

/** What happens to each entry's live copy, and how far its seq is from the one before. */
const history = fc.array(
  fc.record({
    step: fc.integer({ min: 1, max: 5 }),
    copy: fc.constantFrom('arrives', 'arrives', 'arrives', 'lost', 'twice'),
    pause: fc.boolean(),
  }),
  { maxLength: 40 },
)
const moods = fc.array(fc.constantFrom('answers' as const, 'lags' as const, 'fails' as const), {
  minLength: 1,
  maxLength: 5,
})

describe('a followed feed', () => {
  it('delivers every entry once and in order, whichever copies are lost or come twice', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.nat(20), moods, async (entries, base, answers) => {
        const stored = new StoredFeed(endlessly([...answers, 'answers' as const]))
        const feed = new NatsFeed('direct.bob', stored, silent)
        const seen: number[] = []
        feed.add(({ seq }) => seen.push(seq))
        const begin = Math.min(base, entries.length)
        let [last, begunAt] = [0, 0]
        for (const [n, { step, copy, pause }] of entries.entries()) {
          if (n === begin) {
            begunAt = last
            feed.begin(last)
          }
          const [seq, previous] = [last + step, last]
          stored.seqs.push(seq)
          for (let times = copy === 'lost' ? 0 : copy === 'twice' ? 2 : 1; times > 0; times -= 1) {
            feed.receive(seq, previous, payload)
          }
          last = seq
          if (pause) await new Promise(resolve => setImmediate(resolve))
        }
        if (feed.starting) {
          begunAt = last
          feed.begin(last)
        }
        feed.reach(last)
        await eventually(() => expect(seen).to.deep.equal(stored.seqs.filter(seq => seq > begunAt)))
      }),
      { numRuns: 60 },
    )
  })

  it('delivers what is shown while it is starting and is later than its beginning', async () => {
    const stored = new StoredFeed(endlessly(['answers'] as const))
    const feed = new NatsFeed('direct.bob', stored, silent)
    const seen: number[] = []
    feed.add(({ seq }) => seen.push(seq))
    stored.seqs.push(1, 2, 3)
    feed.receive(1, 0, payload)
    feed.receive(3, 2, payload)
    feed.begin(1)
    await eventually(() => expect(seen).to.deep.equal([2, 3]))
  })

  it('goes on when the entry to be reached is gone from the stream', async () => {
    const stored = new StoredFeed(endlessly(['answers'] as const))
    const feed = new NatsFeed('direct.bob', stored, silent)
    const seen: number[] = []
    feed.add(({ seq }) => seen.push(seq))
    feed.begin(0)
    feed.reach(7)
    stored.seqs.push(8)
    feed.receive(8, 7, payload)
    await eventually(() => expect(seen).to.deep.equal([8]))
  })

  it('leaves out what cannot be decoded, and a follower that fails keeps nothing from the others', () => {
    const feed = new NatsFeed('direct.bob', new StoredFeed(endlessly(['answers'] as const)), silent)
    const seen: number[] = []
    feed.add(() => {
      throw new Error('a follower fails')
    })
    feed.add(({ seq }) => seen.push(seq))
    feed.begin(0)
    feed.receive(1, 0, payload)
    feed.receive(2, 1, Buffer.from('{'))
    feed.receive(3, 2, payload)
    expect(seen).to.deep.equal([1, 3])
  })
})
