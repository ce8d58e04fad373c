// npm run cluster -- --gateways N --hosts N --savers N --nats 1|3 --port P --data DIR --template FILE
import { parseArgs } from 'node:util'
import { type Cluster, startCluster } from './cluster.ts'
import type { ClusterOptions } from './options.ts'

const say = (line: string) => void process.stdout.write(`${line}\n`)

const aborted = new AbortController()
const ending = Promise.withResolvers<void>()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // More than one may come: npm passes on the Ctrl-C that the terminal has sent already.
  process.on(signal, () => {
    aborted.abort(new Error(`stopped by ${signal}`))
    ending.resolve()
  })
}

try {
  const started = performance.now()
  const cluster = await startCluster(readArguments())
  describe(cluster, performance.now() - started)
  await ending.promise
  say('stopping')
  await cluster.stop()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}

function readArguments(): ClusterOptions {
  const { values } = parseArgs({
    options: {
      gateways: { type: 'string', default: '2' },
      hosts: { type: 'string', default: '2' },
      savers: { type: 'string', default: '2' },
      nats: { type: 'string', default: '1' },
      port: { type: 'string', default: '8080' },
      template: { type: 'string' },
      data: { type: 'string', default: process.env.HOMING_DATA_DIR || './data' },
    },
  })
  if (values.nats !== '1' && values.nats !== '3') throw new Error('--nats must be 1 or 3')
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('--port must be a port, or 0')
  return {
    gateways: Number(values.gateways),
    hosts: Number(values.hosts),
    savers: Number(values.savers),
    nats: values.nats === '3' ? 3 : 1,
    port,
    dataDir: values.data,
    ...(values.template !== undefined && { template: values.template }),
    supervise: true,
    report: say,
    signal: aborted.signal,
  }
}

function describe(cluster: Cluster, tookMs: number): void {
  say(`ready after ${(tookMs / 1_000).toFixed(1)} s`)
  for (const [i, url] of cluster.gateways.entries()) say(`gateway-${i + 1} ${url}`)
}
