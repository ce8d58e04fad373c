import type { Draft } from './frames.ts'

/** A message on its way. Its clientMsgId never changes, so every repeat of it is recognised as one. */
export type OutboxMessage = Draft & {
  /** 1–128 printable ASCII characters. */
  readonly clientMsgId: string
}

/**
 * Where messages wait until the server has saved them. An adapter for a browser's IndexedDB fits as well.
 *
 * What the adapter promises:
 * - A message whose `add` is done is answered by the `load` of a later run, until it is removed: it outlives
 *   the death of this process (a file adapter) or not (memory).
 * - Order: `load` answers in the order of the `add` calls. Additions also become done in that order.
 *
 * What the client does with it:
 * - `load` is called once, on the first connect. Nothing goes over the wire before it is done.
 * - A message goes over the wire only when its `add` is done; if that fails, the send fails.
 * - `remove` follows ACK saved, or a final refusal. When it fails, the message is sent once more by a later run
 *   and answered as a repeat.
 *
 * The order of one conversation, as the server accepts it, is the order of the `send` calls. That needs of the
 * server, asked for by `ordered` in AUTH: frames of one connection are handled in their order; after a retryable
 * refusal (server_busy, internal_error, too_many_requests) of message k, every later message of the connection to
 * the same conversation is refused too, until k is repeated. (k is the earliest refused frame, whichever of the
 * server's parts refused first.) And of the client: after a refusal it sends nothing more to that conversation,
 * waits until all that is in flight there is answered, and then, after a jittered delay, repeats what was refused
 * in order, k alone first. After a reconnect it repeats everything unsaved from the oldest on; what had been
 * accepted is answered as a repeat with its first seq.
 */
export interface Outbox {
  /** What an earlier run left unsaved. */
  load(): Promise<readonly OutboxMessage[]>
  /** Done at once, or when the promise resolves. Rejects when the message could not be kept. */
  add(message: OutboxMessage): Promise<void> | undefined
  remove(clientMsgId: string): Promise<void> | undefined
}

/** Keeps nothing beyond what the client itself keeps while it lives. */
export class MemoryOutbox implements Outbox {
  load(): Promise<readonly OutboxMessage[]> {
    return Promise.resolve([])
  }

  add(_message: OutboxMessage): undefined {}

  remove(_clientMsgId: string): undefined {}
}
