import { Counter, Gauge, Registry } from 'prom-client'
import { addDefaultMetrics } from './default-metrics.ts'

/** A number that is read at each scrape. */
export interface Reading {
  readonly name: string
  readonly help: string
  /** What only grows is a counter. */
  readonly grows?: boolean
  readonly read: () => number
}

/** What a process without connections shows: its own figures and some readings. */
export function createProcessMetrics(readings: readonly Reading[]): Registry {
  const registry = new Registry()
  addDefaultMetrics(registry)
  for (const { name, help, grows, read } of readings) {
    if (grows) addCounter(registry, name, help, read)
    else
      new Gauge({
        name,
        help,
        registers: [registry],
        collect() {
          this.set(read())
        },
      })
  }
  return registry
}

function addCounter(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset()
      this.inc(read())
    },
  })
}
