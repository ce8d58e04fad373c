import { expect } from 'chai'
import { createGatewayMetrics } from '../../../gateway/metrics.ts'
import { refusals } from '../../../protocol/errors.ts'

describe('the metrics of a gateway', () => {
  const make = () => createGatewayMetrics({ processMetrics: false })

  it('show every protocol and every reason before anything happened', async () => {
    const text = await make().registry.metrics()
    for (const protocol of ['json', 'msgpack', 'stomp', 'list'])
      expect(text).to.contain(`homing_connections{protocol="${protocol}"} 0`)
    for (const reason of Object.keys(refusals))
      expect(text).to.contain(`homing_refusals_total{reason="${reason}"} 0`)
  })

  it('count connections up and down, binds, kicks and refusals', async () => {
    const metrics = make()
    metrics.connections.json.inc()
    metrics.connections.json.inc()
    metrics.connections.json.dec()
    metrics.binds.inc()
    metrics.kicks.inc(3)
    metrics.refusals.server_busy.inc()
    const text = await metrics.registry.metrics()
    expect(text).to.contain('homing_connections{protocol="json"} 1\n')
    expect(text).to.contain('homing_binds_total 1\n')
    expect(text).to.contain('homing_kicks_total 3\n')
    expect(text).to.contain('homing_refusals_total{reason="server_busy"} 1\n')
  })

  it('show latencies observed in ms as seconds', async () => {
    const metrics = make()
    metrics.acceptedLatency.observeMs(3)
    metrics.savedLatency.observeMs(30)
    metrics.endToEndLatency.observeMs(20_000)
    const text = await metrics.registry.metrics()
    expect(text)
      .to.contain('homing_accepted_seconds_bucket{le="0.002"} 0\n')
      .and.contain('homing_accepted_seconds_bucket{le="0.005"} 1\n')
    expect(text).to.contain('homing_saved_seconds_sum 0.03\n')
    expect(text)
      .to.contain('homing_end_to_end_seconds_bucket{le="10"} 0\n')
      .and.contain('homing_end_to_end_seconds_count 1\n')
  })

  it('read a queue’s depth at each scrape', async () => {
    const metrics = make()
    let depth = 4
    metrics.watchQueue('frames', () => depth)
    metrics.watchQueue('saved_acks', () => 0)
    expect(await metrics.registry.metrics())
      .to.contain('homing_queue_depth{queue="frames"} 4\n')
      .and.contain('homing_queue_depth{queue="saved_acks"} 0\n')
    depth = 0
    expect(await metrics.registry.metrics()).to.contain('homing_queue_depth{queue="frames"} 0\n')
  })

  it('have the process’s own beside them', async () => {
    expect(await createGatewayMetrics().registry.metrics())
      .to.contain('homing_process_cpu_seconds_total')
      .and.contain('homing_nodejs_eventloop_lag_seconds')
  })
})
