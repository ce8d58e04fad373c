import { expect } from 'chai'
import { Rounds } from '../../../gateway/list-sync/rounds.ts'

describe('rounds', () => {
  it('answer everybody who asked before they began, one at a time', async () => {
    const ends: (() => void)[] = []
    let running = 0
    const rounds = new Rounds(async () => {
      expect(++running).to.equal(1)
      await new Promise<void>(resolve => ends.push(resolve))
      running--
    })
    const first = rounds.next()
    await Promise.resolve()
    const [second, third] = [rounds.next(), rounds.next()]
    expect(second).to.equal(third)
    expect(second).to.not.equal(first)
    ends[0]?.()
    await first
    while (ends.length < 2) await Promise.resolve()
    ends[1]?.()
    await second
    expect(ends).to.have.length(2)
  })

  it('go on after one has failed', async () => {
    let failing = true
    const rounds = new Rounds(async () => {
      if (failing) throw new Error('failed')
    })
    expect(await rounds.next().catch(() => 'failed')).to.equal('failed')
    failing = false
    await rounds.next()
  })
})
