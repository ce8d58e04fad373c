import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { type Reason, refusals } from '../protocol/errors.ts'
import { addDefaultMetrics } from './http/default-metrics.ts'

/** What a socket speaks. */
export const wireProtocols = ['json', 'msgpack', 'stomp', 'list'] as const
export type WireProtocol = (typeof wireProtocols)[number]

/**
 * What a gateway counts, in Prometheus' words. Label children are made once, here: on the path of a frame
 * there is neither a lookup by label nor an allocation.
 */
export interface GatewayMetrics {
  readonly registry: Registry
  /** Open connections, by what they speak. */
  readonly connections: Readonly<Record<WireProtocol, UpDown>>
  readonly binds: Count
  readonly kicks: Count
  readonly refusals: Readonly<Record<Reason, Count>>
  /** From a message's arrival at the gateway to its ACK(accepted), ms. */
  readonly acceptedLatency: Latency
  /** From a message's arrival at the gateway to its ACK(saved), ms. */
  readonly savedLatency: Latency
  /** From the accepting actor's time stamp to the write to the recipient's socket, ms: two clocks in a cluster. */
  readonly endToEndLatency: Latency
  /** Shows a queue's depth, read at each scrape; one reader a name. */
  watchQueue(name: string, depth: () => number): void
}

export interface UpDown {
  inc(): void
  dec(): void
}

export interface Count {
  inc(by?: number): void
}

export interface Latency {
  observeMs(ms: number): void
}

/** s; a relay answers in the first few, a fault shows in the last. */
const LATENCY_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]

/** `processMetrics` adds prom-client's own (CPU, memory, event loop), once in a process. */
export function createGatewayMetrics({ processMetrics = true } = {}): GatewayMetrics {
  const registry = new Registry()
  const registers = [registry]
  if (processMetrics) addDefaultMetrics(registry)

  const connections = new Gauge({
    name: 'homing_connections',
    help: 'open connections',
    labelNames: ['protocol'],
    registers,
  })
  const refused = new Counter({
    name: 'homing_refusals_total',
    help: 'refusals sent, by reason',
    labelNames: ['reason'],
    registers,
  })
  return {
    registry,
    connections: childrenOf(wireProtocols, protocol => connections.labels(protocol)),
    binds: new Counter({ name: 'homing_binds_total', help: 'connections bound', registers }),
    kicks: new Counter({ name: 'homing_kicks_total', help: 'connections kicked', registers }),
    refusals: childrenOf(reasons, reason => refused.labels(reason)),
    acceptedLatency: latency('accepted', 'arrival of a message to its ACK(accepted)', registry),
    savedLatency: latency('saved', 'arrival of a message to its ACK(saved)', registry),
    endToEndLatency: latency('end_to_end', 'acceptance of a message to its push', registry),
    watchQueue: queueWatcher(registry),
  }
}

const reasons = Object.keys(refusals) as Reason[]

/** Each child is set to 0 by its making, so that a scrape shows a series before its first event. */
function childrenOf<K extends string, C extends { inc(by: number): void }>(
  keys: readonly K[],
  child: (key: K) => C,
): Readonly<Record<K, C>> {
  const children = keys.map(key => [key, child(key)] as const)
  for (const [, counter] of children) counter.inc(0)
  return Object.fromEntries(children) as Record<K, C>
}

function latency(name: string, help: string, registry: Registry): Latency {
  const histogram = new Histogram({
    name: `homing_${name}_seconds`,
    help,
    buckets: LATENCY_BUCKETS,
    registers: [registry],
  })
  return { observeMs: ms => histogram.observe(ms / 1000) }
}

function queueWatcher(registry: Registry): GatewayMetrics['watchQueue'] {
  const depths = new Map<string, () => number>()
  new Gauge({
    name: 'homing_queue_depth',
    help: 'entries waiting, by queue',
    labelNames: ['queue'],
    registers: [registry],
    collect() {
      for (const [queue, depth] of depths) this.set({ queue }, depth())
    },
  })
  return (name, depth) => {
    depths.set(name, depth)
  }
}
