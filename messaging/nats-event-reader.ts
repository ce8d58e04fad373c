import type { EventReader, StoredEvent } from './event-reader.ts'
import { EVENT_SUBJECT } from './nats-audit.ts'
import type { NatsConnection } from './nats-connection.ts'
import { NatsStream } from './nats-stream.ts'
import { orUnavailable } from './nats-unavailable.ts'

const PAGE_BYTES = 1_000_000

/** By direct gets: any replica's answer is in order and complete as far as it goes. */
export class NatsEventReader implements EventReader {
  readonly #stream: NatsStream

  constructor(connection: NatsConnection) {
    this.#stream = new NatsStream(connection)
  }

  events(from: number, limit: number): Promise<readonly StoredEvent[]> {
    return orUnavailable(this.#stream.batch(EVENT_SUBJECT, Math.max(from, 1), limit, PAGE_BYTES))
  }

  purgeEvents(upTo: number): Promise<void> {
    return orUnavailable(this.#stream.purge({ seq: upTo + 1, filter: EVENT_SUBJECT }))
  }
}
