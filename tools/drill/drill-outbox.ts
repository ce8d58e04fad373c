import type { Outbox, OutboxMessage } from '../../client/outbox.ts'

/** A user's unsaved messages, as they would outlive a client in a file: the next client of the user goes on with them. */
export class DrillOutbox implements Outbox {
  readonly #messages = new Map<string, OutboxMessage>()

  get size(): number {
    return this.#messages.size
  }

  load(): Promise<readonly OutboxMessage[]> {
    return Promise.resolve([...this.#messages.values()])
  }

  add(message: OutboxMessage): undefined {
    this.#messages.set(message.clientMsgId, message)
  }

  remove(clientMsgId: string): undefined {
    this.#messages.delete(clientMsgId)
  }
}
