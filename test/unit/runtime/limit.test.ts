import { expect } from 'chai'
import { Limit } from '../../../runtime/limit.ts'
import { eventually } from '../../support/eventually.ts'

const NEVER_SLOW_MS = 60_000

describe('a limit of work at once', () => {
  let begun: number[]
  let work: PromiseWithResolvers<void>[]
  let underWay: number
  let mostUnderWay: number

  beforeEach(() => {
    begun = []
    underWay = 0
    mostUnderWay = 0
    work = Array.from({ length: 10 }, () => Promise.withResolvers<void>())
  })

  const start = (limit: Limit) =>
    work.map((piece, index) =>
      limit.run(async () => {
        begun.push(index)
        mostUnderWay = Math.max(mostUnderWay, ++underWay)
        await piece.promise.finally(() => underWay--)
      }),
    )

  it('lets the next in, first come first served, when one has ended, well or badly', async () => {
    const running = start(new Limit({ atOnce: 3, slowMs: NEVER_SLOW_MS, most: 10 }))
    await Promise.resolve()
    expect(begun).to.deep.equal([0, 1, 2])
    work[1]?.resolve()
    await running[1]
    await eventually(() => expect(begun).to.deep.equal([0, 1, 2, 3]))
    work[0]?.reject(new Error('bad'))
    expect(await running[0]?.catch(error => error.message)).to.equal('bad')
    await eventually(() => expect(begun).to.deep.equal([0, 1, 2, 3, 4]))
    for (const piece of work) piece.resolve()
    await Promise.all(running.slice(1))
    expect(begun).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('lets others in beside what hangs, up to a number', async () => {
    const running = start(new Limit({ atOnce: 2, slowMs: 10, most: 5 }))
    await eventually(() => expect(begun).to.deep.equal([0, 1, 2, 3, 4]))
    work[3]?.resolve()
    await running[3]
    await eventually(() => expect(begun).to.deep.equal([0, 1, 2, 3, 4, 5]))
    for (const piece of work) piece.resolve()
    await Promise.all(running)
    expect(mostUnderWay).to.equal(5)
  })

  it('keeps the place of what has failed for a while, so that trying again is no storm', async () => {
    const limit = new Limit({ atOnce: 2, slowMs: NEVER_SLOW_MS, most: 10, failureMs: 50 })
    const begins: number[] = []
    const refused = async () => {
      begins.push(performance.now())
      throw new Error('refused')
    }
    const untilEnd = async () => {
      while (begins.length < 8) await limit.run(refused).catch(() => undefined)
    }
    await Promise.all([untilEnd(), untilEnd(), untilEnd(), untilEnd()])
    const [first = 0, eighth = 0] = [begins[0], begins[7]]
    // Two places, each free again 50 ms after a failure; timers may ring a millisecond early.
    expect(eighth - first).to.be.at.least(3 * 49)
  })
})
