import { expect } from 'chai'
import { defaultOptions, type LoadOptions } from '../../../tools/load/options.ts'
import { renderReport } from '../../../tools/load/report.ts'
import { runLoad } from '../../../tools/load/run-load.ts'
import { Standalone } from '../../support/standalone.ts'
import { LyingServer } from './lying-server.ts'

describe('a load run', function () {
  // Worker processes start slowly on a busy machine.
  this.timeout(30_000)
  let server: Standalone

  before(async () => {
    server = await Standalone.start()
  })

  after(() => server.stop())

  const options = (more: Partial<LoadOptions>): LoadOptions => ({
    ...defaultOptions,
    urls: [server.url],
    credentials: { kind: 'signed', secret: server.secret },
    clients: 10,
    msgIntervalMs: 100,
    seconds: 1,
    warmupSeconds: 0,
    ...more,
  })

  it('sends, times and judges messages of two processes’ clients', async () => {
    const report = await runLoad(options({ workers: 2, repeats: 2 }))
    expect(report.counts).to.include({ connected: 20, connectFailed: 0, offered: 200, sent: 200 })
    expect(report.counts).to.include({ accepted: 200, saved: 200, received: 200, unanswered: 0 })
    expect(report.violations).to.equal(0)
    for (const timing of ['accepted', 'saved', 'e2e', 'late'] as const) {
      expect(report.latencies[timing]?.count, timing).to.equal(200)
    }
    expect(report.latencies.connect?.count).to.equal(20)
    expect(report.repeats).to.have.length(2)
    expect(renderReport(report)).to.include('nothing lost')
  })

  it('times read receipts', async () => {
    const report = await runLoad(options({ mode: 'ack-stress', clients: 4 }))
    expect(report.latencies.receipt?.count).to.equal(report.counts.received)
  })

  it('times pings', async () => {
    const report = await runLoad(options({ mode: 'ping', clients: 3 }))
    expect(report.latencies.pong?.count).to.equal(30)
  })

  it('logs in where it has no secret', async () => {
    const report = await runLoad(options({ credentials: { kind: 'login' }, clients: 2 }))
    expect(report.counts).to.include({ connected: 2, sent: 20, saved: 20, received: 20 })
  })

  it('counts refusals by reason', async () => {
    const report = await runLoad(options({ clients: 2, msgIntervalMs: 2 }))
    expect(report.errors.too_many_requests).to.be.above(0)
    expect(report.errors['close 4406']).to.equal(2)
    expect(report.counts).to.include({ disconnected: 2, lost: 0, unsaved: 0 })
  })

  it('finds what a lying server loses, repeats and reorders', async () => {
    const liar = await LyingServer.start({ lose: 3, repeat: 5, delay: 7 })
    try {
      const report = await runLoad(
        options({ urls: [liar.url], clients: 2, workers: 1, seconds: 2, drainSeconds: 1 }),
      )
      expect(report.counts).to.include({ sent: 40, accepted: 40, saved: 40 })
      expect(report.counts).to.include({
        lost: liar.lost,
        duplicated: liar.repeated,
        reordered: liar.delayed,
      })
      expect([liar.lost, liar.repeated, liar.delayed].every(count => count > 0)).to.equal(true)
      expect(report.violations).to.equal(liar.lost + liar.repeated + liar.delayed)
      expect(renderReport(report)).to.include('BROKEN')
    } finally {
      await liar.stop()
    }
  })

  it('fails where nobody listens', async () => {
    const failure = await runLoad(options({ urls: ['http://127.0.0.1:1'], clients: 2 })).catch(String)
    expect(failure).to.include('ECONNREFUSED')
  })
})
