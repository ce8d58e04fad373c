import { expect } from 'chai'
import { Latencies } from '../../../tools/load/latencies.ts'
import { addCounts, addErrors, noCounts, violations } from '../../../tools/load/tally.ts'

describe('the load tester’s figures', () => {
  it('are percentiles in ms, with three digits', () => {
    const latencies = new Latencies()
    for (let ms = 1; ms <= 1000; ms++) latencies.record('e2e', ms)
    const summary = latencies.summary('e2e')
    expect(summary?.count).to.equal(1000)
    expect(summary?.p50).to.be.closeTo(500, 1)
    expect(summary?.p90).to.be.closeTo(900, 1)
    expect(summary?.p99).to.be.closeTo(990, 1)
    expect(summary?.p999).to.be.closeTo(999, 1)
    expect(summary?.max).to.equal(1000)
    expect(latencies.summary('saved')).to.equal(undefined)
  })

  it('add up over processes', () => {
    const [a, b, sum] = [new Latencies(), new Latencies(), new Latencies()]
    for (let ms = 1; ms <= 500; ms++) a.record('saved', ms)
    for (let ms = 501; ms <= 1000; ms++) b.record('saved', ms)
    sum.merge(a.encode())
    sum.merge(b.encode())
    expect(sum.summaries().saved?.count).to.equal(1000)
    expect(sum.summaries().saved?.p50).to.be.closeTo(500, 1)
    const counts = noCounts()
    addCounts(counts, { sent: 2, lost: 1 })
    addCounts(counts, { sent: 3 })
    expect(counts).to.include({ sent: 5, lost: 1, saved: 0 })
    const errors = { server_busy: 1 }
    addErrors(errors, { server_busy: 2, 'close 4001': 1 })
    expect(errors).to.deep.equal({ server_busy: 3, 'close 4001': 1 })
  })

  it('keep what is shorter than a µs or longer than ten minutes', () => {
    const latencies = new Latencies()
    latencies.record('pong', 0)
    latencies.record('pong', 3_600_000)
    expect(latencies.summary('pong')?.count).to.equal(2)
  })

  it('take a repeat under the same seq for the protocol’s way after a reconnection only', () => {
    const counts = { ...noCounts(), duplicated: 2 }
    expect(violations(counts, false)).to.equal(2)
    expect(violations(counts, true)).to.equal(0)
    expect(violations({ ...noCounts(), lost: 1, unsaved: 1, reordered: 1, contradicted: 1 }, true)).to.equal(
      4,
    )
  })
})
