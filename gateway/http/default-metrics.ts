import { collectDefaultMetrics, type Registry } from 'prom-client'

/** Each sample wakes the process up: at prom-client's own 10 ms this is most of what an idle process does. */
const EVENT_LOOP_SAMPLE_MS = 100

/** What every process shows of itself: CPU, memory, event loop. Once in a process. */
export function addDefaultMetrics(register: Registry): void {
  collectDefaultMetrics({
    register,
    prefix: 'homing_',
    eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS,
  })
}
