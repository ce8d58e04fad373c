import { expect } from 'chai'
import { HostLines } from '../../../gateway/connection/host-lines.ts'
import { HomingError } from '../../../protocol/errors.ts'
import { eventually } from '../../support/eventually.ts'

describe('the calls of a gateway to a host', () => {
  const outcomeOf = (promise: Promise<unknown>) => promise.catch(error => error)

  it('are under way up to a number; the next go in order, when one has ended, well or badly', async () => {
    const lines = new HostLines(2)
    const begun: number[] = []
    const calls = Array.from({ length: 5 }, () => Promise.withResolvers<number>())
    const running = calls.map(({ promise }, n) =>
      lines.run('h1', () => {
        begun.push(n)
        return promise
      }),
    )
    const outcomes = running.map(outcomeOf)
    await eventually(() => expect(begun).to.deep.equal([0, 1]))
    calls[1]?.reject(new Error('bad'))
    await eventually(() => expect(begun).to.deep.equal([0, 1, 2]))
    for (const [n, { resolve }] of calls.entries()) resolve(n)
    expect(await outcomes[1]).to.be.instanceOf(Error)
    expect(await Promise.all([0, 2, 3, 4].map(n => outcomes[n]))).to.deep.equal([0, 2, 3, 4])
    expect(begun).to.deep.equal([0, 1, 2, 3, 4])
  })

  it('do not wait for those to another host', async () => {
    const lines = new HostLines(1)
    const hanging = Promise.withResolvers<void>()
    const running = lines.run('h1', () => hanging.promise)
    expect(await lines.run('h2', async () => 'done')).to.equal('done')
    hanging.resolve()
    await running
  })

  it('are refused when their turn does not come, and are then never made', async () => {
    const lines = new HostLines(1, 20)
    const hanging = Promise.withResolvers<void>()
    const running = lines.run('h1', () => hanging.promise)
    let made = 0
    const refused = await outcomeOf(lines.run('h1', async () => made++))
    expect(refused).to.be.instanceOf(HomingError).with.property('reason', 'server_busy')
    hanging.resolve()
    await running
    expect(await lines.run('h1', async () => 'next')).to.equal('next')
    expect(made).to.equal(0)
  })
})
