import { expect } from 'chai'
import { SharedRun } from '../../../runtime/shared-run.ts'

describe('a shared run', () => {
  let runs: PromiseWithResolvers<number>[]
  let shared: SharedRun<number>

  beforeEach(() => {
    runs = []
    shared = new SharedRun(() => {
      const run = Promise.withResolvers<number>()
      runs.push(run)
      return run.promise
    })
  })

  it('is one more for all who ask while one runs, and begins when that has ended', async () => {
    const first = shared.run()
    const others = Array.from({ length: 100 }, () => shared.run())
    expect(runs).to.have.length(1)
    runs[0]?.resolve(1)
    expect(await first).to.equal(1)
    expect(runs).to.have.length(2)
    const late = shared.run()
    runs[1]?.resolve(2)
    expect(await Promise.all(others)).to.deep.equal(Array(100).fill(2))
    runs[2]?.resolve(3)
    expect(await late, 'the second had begun before it was asked for').to.equal(3)
  })

  it('begins also when the one before it has failed', async () => {
    const first = shared.run()
    const second = shared.run()
    runs[0]?.reject(new Error('away'))
    expect(await first.catch(error => error.message)).to.equal('away')
    runs[1]?.resolve(2)
    expect(await second).to.equal(2)
    const third = shared.run()
    runs[2]?.resolve(3)
    expect(await third).to.equal(3)
  })
})
