import { expect } from 'chai'
import { type PaceClock, pace } from '../../../tools/load/pace.ts'
import { type Due, Schedule } from '../../../tools/load/schedule.ts'
import { Random } from '../../../tools/random.ts'

const makeSchedule = (senders: number, intervalMs: number, seed = 1) =>
  new Schedule(senders, intervalMs, new Random(seed))

/** A clock that each pause moves by as much as `lag` says. */
class SteppedClock implements PaceClock {
  #now = 0
  readonly #lag: (now: number) => number

  constructor(lag: (now: number) => number) {
    this.#lag = lag
  }

  now(): number {
    return this.#now
  }

  pause(): Promise<void> {
    this.#now += this.#lag(this.#now)
    return Promise.resolve()
  }
}

describe('the open loop', () => {
  it('gives every sender its turn once in every interval', () => {
    const due = [...makeSchedule(10, 100).due(999.999)]
    expect(due).to.have.length(100)
    for (let sender = 0; sender < 10; sender++) {
      const turns = due.filter(each => each.sender === sender).map(({ at }) => at)
      expect(turns).to.have.length(10)
      for (const [i, at] of turns.entries()) expect(at).to.be.closeTo((turns[0] ?? 0) + i * 100, 1e-9)
    }
  })

  it('gives turns in the order of their times, each once, however it is asked', () => {
    const whole = [...makeSchedule(7, 30).due(500)]
    const asked = makeSchedule(7, 30)
    const pieces = [3, 3, 90, 91, 400, 500].flatMap(now => [...asked.due(now)])
    expect(pieces).to.deep.equal(whole)
    expect(whole.map(({ at }) => at)).to.deep.equal(whole.map(({ at }) => at).sort((a, b) => a - b))
  })

  it('is the same for the same seed and another for another', () => {
    const turns = (seed: number) => [...makeSchedule(5, 100, seed).due(1000)]
    expect(turns(3)).to.deep.equal(turns(3))
    expect(turns(3)).to.not.deep.equal(turns(4))
  })

  it('keeps the times of turns that the tester was too late for, and leaves none out', async () => {
    // The process stands still for half a second in the middle.
    const clock = new SteppedClock(now => (now === 200 ? 500 : 1))
    const given: (Due & { now: number })[] = []
    await pace(
      makeSchedule(4, 20),
      { start: 0, endMs: 1000 },
      due => given.push({ ...due, now: clock.now() }),
      clock,
    )
    expect(given.map(({ sender, at }) => ({ sender, at }))).to.deep.equal([...makeSchedule(4, 20).due(1000)])
    expect(Math.max(...given.map(({ at, now }) => now - at))).to.be.closeTo(500, 20)
  })

  it('gives nothing after its end', async () => {
    const clock = new SteppedClock(() => 70)
    const given: Due[] = []
    await pace(makeSchedule(3, 10), { start: 0, endMs: 100 }, due => given.push(due), clock)
    expect(given).to.have.length(30)
  })
})
