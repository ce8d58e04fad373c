import type { NatsConnection } from './nats-connection.ts'
import type { NatsGate } from './nats-gate.ts'
import type { NatsHead } from './nats-head.ts'
import type { NatsRetries } from './nats-retries.ts'
import type { NatsStream } from './nats-stream.ts'

/** What the parts of the NATS log share, one of each in a process. */
export interface LogParts {
  readonly connection: NatsConnection
  readonly stream: NatsStream
  readonly retries: NatsRetries
  readonly gate: NatsGate
  readonly head: NatsHead
}
